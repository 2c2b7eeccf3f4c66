#include "judge/named.h"

#include <string.h>

static void add(struct matrix_named *named, const struct matrix_group *group)
{
	for (size_t i = 0; i < named->count; i++) { /* MATRIX_NAMED_MAX */
		if (named->groups[i] == group) {
			return;
		}
	}
	if (group && named->count < MATRIX_NAMED_MAX) {
		named->groups[named->count++] = group;
	}
}

/* The name that the client asked for is one under which it found the host. */
static bool is_known_as(const struct host_names *names, const char *sni)
{
	for (unsigned i = 0; i < names->count; i++) { /* NAMES_OF_HOST */
		if (strcasecmp(names->text[i], sni) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * Of somebody's authority, and both sides went on with it: a client that looks took it.
 * The chain is not verified: two who mean to deceive show whatever name they like.
 */
static bool is_certificate_shown(const struct facts_tls_session *session)
{
	const struct facts_certificate *certificate = &session->server_certificate;
	return certificate->visibility == FACTS_SEEN && session->is_established &&
	       !certificate->is_self_signed;
}

/* One of the comma-separated names, as long as facts keep them, is of a group. */
static void add_certified(const struct matrix *matrix,
	const struct facts_tls_session *session, struct matrix_named *named)
{
	char name[NAMES_TEXT_BYTES];
	for (const char *at = session->server_certificate.names; *at != '\0';) {
		const size_t len = strcspn(at, ",");
		const struct matrix_group *group = NULL;
		if (len < sizeof(name)) {
			memcpy(name, at, len);
			name[len] = '\0';
			group = matrix_group_of_host(matrix, name);
		}
		if (group && group->is_certificate_trusted && !group->has_addresses &&
			(!named->claimed || named->claimed == group)) {
			add(named, group);
		}
		at += len;
		at += strspn(at, ", ");
	}
}

static void ask_tls(const struct matrix *matrix, const struct host_names *names,
	const struct facts_tls_session *session, struct matrix_named *named)
{
	const char *sni = session->sni;
	const struct facts_certificate *certificate = &session->server_certificate;
	const bool is_other = sni[0] != '\0' && !named->claimed;
	if (named->claimed && named->claimed->is_sni_trusted) {
		add(named, named->claimed);
	}
	if (!is_certificate_shown(session) || (is_other && !is_known_as(names, sni))) {
		return;
	}
	if (named->claimed && certificate->name_matches == FACTS_YES) {
		if (named->claimed->is_certificate_trusted &&
			!named->claimed->has_addresses) {
			add(named, named->claimed);
		}
		return;
	}
	add_certified(matrix, session, named);
}

/* SNI of another name than the host is known by speaks against it. */
static bool is_fitting(const struct matrix_named *named, const char *sni,
	const struct host_names *names, const struct matrix_group *group)
{
	return sni[0] == '\0' || named->claimed == group || is_known_as(names, sni);
}

void judge_named(const struct matrix *matrix, const struct host_names *names,
	const struct facts_tls_session *session, struct matrix_named *named)
{
	const char *sni = session ? session->sni : "";
	*named = (struct matrix_named){.is_open = sni[0] == '\0'};
	named->claimed = matrix_group_of_host(matrix, sni);
	for (unsigned i = 0; i < names->count; i++) { /* NAMES_OF_HOST */
		const struct matrix_group *group =
			matrix_group_of_host(matrix, names->text[i]);
		if (group && is_fitting(named, sni, names, group)) {
			add(named, group);
		}
		if (!group && names->asked & 1U << i) {
			named->is_open = false; /* it went there for another name */
		}
	}
	if (session) {
		ask_tls(matrix, names, session, named);
	}
}
