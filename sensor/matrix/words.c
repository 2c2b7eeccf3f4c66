#include "matrix/words.h"

#include "base/name_table.h"

#include <string.h>

static const struct word ROLES[] = {
	{"client", MATRIX_ROLE_CLIENT},
	{"application", MATRIX_ROLE_APPLICATION},
	{"submission", MATRIX_ROLE_SUBMISSION},
	{"mailbox", MATRIX_ROLE_MAILBOX},
	{"relay", MATRIX_ROLE_RELAY},
	{"outbound", MATRIX_ROLE_OUTBOUND},
	{"inbound", MATRIX_ROLE_INBOUND},
	{"proxy", MATRIX_ROLE_PROXY},
	{"resolver", MATRIX_ROLE_RESOLVER},
	{NULL, 0},
};

static const struct word SERVICES[] = {
	{"office", MATRIX_SERVICE_OFFICE},
	{"business", MATRIX_SERVICE_BUSINESS},
	{"technical", MATRIX_SERVICE_TECHNICAL},
	{NULL, 0},
};

static const struct word TLS[] = {
	{"required", MATRIX_TLS_REQUIRED},
	{"starttls", MATRIX_TLS_STARTTLS},
	{"implicit", MATRIX_TLS_IMPLICIT},
	{"offered", MATRIX_TLS_OFFERED},
	{"optional", MATRIX_TLS_OPTIONAL},
	{NULL, 0},
};

static const struct word MODES[] = {
	{"enforce", MATRIX_MODE_ENFORCE},
	{"audit", MATRIX_MODE_AUDIT},
	{NULL, 0},
};

static const struct word PROFILES[] = {
	{"anssi", MATRIX_PROFILE_ANSSI},
	{"rfc8314", MATRIX_PROFILE_RFC8314},
	{NULL, 0},
};

static const struct word TRUST[] = {
	{"claim", 0},
	{"trusted", 1},
	{NULL, 0},
};

/* RFC 8446 section 4.2.1: the wire numbers of the versions */
static const struct word VERSIONS[] = {
	{"1.0", 0x0301},
	{"1.1", 0x0302},
	{"1.2", 0x0303},
	{"1.3", 0x0304},
	{NULL, 0},
};

/* as tunnel_kind_name has them: a test compares */
static const struct word TUNNELS[] = {
	{"ipip", TUNNEL_IPV4},
	{"6in4", TUNNEL_IPV6},
	{"mpls", TUNNEL_MPLS},
	{"gre", TUNNEL_GRE},
	{"erspan", TUNNEL_ERSPAN},
	{"vxlan", TUNNEL_VXLAN},
	{"geneve", TUNNEL_GENEVE},
	{"teredo", TUNNEL_TEREDO},
	{"gtp-u", TUNNEL_GTP},
	{"l2tp", TUNNEL_L2TP},
	{"pptp", TUNNEL_PPTP},
	{"etherip", TUNNEL_ETHERIP},
	{"ethernet", TUNNEL_ETHERNET},
	{"l2tpv3", TUNNEL_L2TP3},
	{"gre-in-udp", TUNNEL_GRE_IN_UDP},
	{"mpls-in-udp", TUNNEL_MPLS_IN_UDP},
	{"gue", TUNNEL_GUE},
	{"lisp", TUNNEL_LISP},
	{"tzsp", TUNNEL_TZSP},
	{NULL, 0},
};

const struct word *words_of_tunnels(void)
{
	return TUNNELS;
}

const struct word *words_of_roles(void)
{
	return ROLES;
}

const struct word *words_of_services(void)
{
	return SERVICES;
}

const struct word *words_of_tls(void)
{
	return TLS;
}

const struct word *words_of_modes(void)
{
	return MODES;
}

const struct word *words_of_profiles(void)
{
	return PROFILES;
}

const struct word *words_of_versions(void)
{
	return VERSIONS;
}

const struct word *words_of_trust(void)
{
	return TRUST;
}

const struct word *words_of_answers(void)
{
	static const struct word ANSWERS[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
	return ANSWERS;
}

bool word_find(const struct word *table, const char *text, int *value)
{
	for (; table->text; table++) {
		if (strcmp(table->text, text) == 0) {
			*value = table->value;
			return true;
		}
	}
	return false;
}

const char *word_name(const struct word *table, int value)
{
	for (; table->text; table++) {
		if (table->value == value) {
			return table->text;
		}
	}
	return "unknown";
}

const char *word_nearest(const struct word *table, const char *wrong)
{
	struct name_nearest search = {.wrong = wrong};
	for (; table->text; table++) {
		name_nearest_offer(&search, table->text);
	}
	return search.nearest;
}

const char *matrix_role_name(enum matrix_role role)
{
	return role == MATRIX_ROLE_NONE ? "none" : word_name(ROLES, role);
}

const char *matrix_tls_name(enum matrix_tls tls)
{
	return word_name(TLS, tls);
}
