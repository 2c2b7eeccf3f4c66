#include "matrix/acceptance.h"
#include "matrix/compiled.h"
#include "matrix/sentence.h"
#include "matrix/words.h"

#include <stdlib.h>
#include <string.h>

#define PREFIXES_SHOWN 12

/* What a role does, as the subject of a sentence. */
static const char *role_words(enum matrix_role role)
{
	static const char *const WORDS[] = {
		[MATRIX_ROLE_NONE] = "hosts without a role",
		[MATRIX_ROLE_CLIENT] = "mail clients",
		[MATRIX_ROLE_APPLICATION] = "applications that send without a user",
		[MATRIX_ROLE_SUBMISSION] = "submission servers",
		[MATRIX_ROLE_MAILBOX] = "mailbox servers",
		[MATRIX_ROLE_RELAY] = "internal relays",
		[MATRIX_ROLE_OUTBOUND] = "gateway servers that send",
		[MATRIX_ROLE_INBOUND] = "gateway servers that receive",
		[MATRIX_ROLE_PROXY] = "proxies in front of mailbox servers",
		[MATRIX_ROLE_RESOLVER] = "name servers that ask for others",
	};
	return WORDS[role];
}

static void print_prefixes(
	const struct lookup *lookup, const uint32_t *list, size_t count, FILE *out)
{
	for (size_t i = 0; i < count && i < PREFIXES_SHOWN; i++) {
		char text[NETWORK_TEXT_BYTES];
		(void)fprintf(out, "%s%s", i ? ", " : "",
			network_text(&lookup->prefixes[list[i]].network, text));
	}
	if (count > PREFIXES_SHOWN) {
		(void)fprintf(out, " and %zu more", count - PREFIXES_SHOWN);
	}
}

/*
 * Prefixes sorted under their owners: those of owner i are list[first[i]] up to
 * list[first[i + 1]]. One malloced block, first in front.
 */
static uint32_t *prefixes_by_owner(const struct lookup *lookup, size_t owner_count)
{
	uint32_t *first =
		calloc(owner_count + 2 + lookup->prefix_count, sizeof(*first));
	if (!first) {
		abort();
	}
	uint32_t *list = first + owner_count + 2;
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		first[lookup->prefixes[i].owner + 2]++;
	}
	for (size_t i = 2; i < owner_count + 2; i++) {
		first[i] += first[i - 1];
	}
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		list[first[lookup->prefixes[i].owner + 1]++] = (uint32_t)i;
	}
	return first;
}

static void print_zones(const struct matrix *matrix, FILE *out)
{
	uint32_t *first = prefixes_by_owner(&matrix->zone_prefixes, matrix->zone_count);
	const uint32_t *list = first + matrix->zone_count + 2;
	for (size_t i = 1; i < matrix->zone_count; i++) {
		(void)fprintf(out, "  %s holds ", matrix->zones[i].name);
		print_prefixes(&matrix->zone_prefixes, list + first[i],
			first[i + 1] - first[i], out);
		(void)fputs(".\n", out);
	}
	(void)fputs("  internet is every other address.\n", out);
	free(first);
}

static void print_group(const struct matrix *matrix, size_t index, FILE *out)
{
	const struct matrix_group *group = &matrix->groups[index];
	(void)fprintf(out, "  %s are %s", group->name, role_words(group->role));
	if (group->service != MATRIX_SERVICE_NONE) {
		(void)fprintf(out, " for %s mail",
			word_name(words_of_services(), (int)group->service));
	}
	(void)fprintf(out, " in %s: ", matrix->zones[matrix->group_zones[index]].name);
}

/* " Owner: it." and what is accepted, where there is either. */
static void print_owner(
	const char *owner, const struct matrix_acceptance *acceptance, FILE *out)
{
	char day[SENTENCE_DAY_BYTES];
	if (owner) {
		(void)fprintf(out, " Owner: %s.", owner);
	}
	if (acceptance) {
		(void)fprintf(out, " Accepted: %s", acceptance->what);
		if (acceptance->until_s) {
			(void)fprintf(out, " until %s",
				sentence_last_day(acceptance->until_s, day));
		}
		(void)fprintf(out, " (%s).", acceptance->reason);
	}
}

/* " Leaves in each message: X-Virus-Scanned." */
static void print_expected(const struct matrix_group *group, FILE *out)
{
	for (size_t i = 0; i < group->expected_count; i++) {
		const struct matrix_expected *expected = &group->expected[i];
		(void)fprintf(out, "%s%s%s%s",
			i ? ", " : " Leaves in each message: ", expected->field,
			expected->value ? " of " : "",
			expected->value ? expected->value : "");
	}
	(void)fputs(group->expected_count ? "." : "", out);
}

static void print_comment(const char *comment, FILE *out)
{
	if (comment) {
		(void)fprintf(out, " Comment: %s", comment);
	}
}

static void print_groups(const struct matrix *matrix, FILE *out)
{
	uint32_t *first =
		prefixes_by_owner(&matrix->group_prefixes, matrix->group_count);
	const uint32_t *list = first + matrix->group_count + 2;
	for (size_t i = 0; i < matrix->group_count; i++) {
		const struct matrix_group *group = &matrix->groups[i];
		const size_t count = first[i + 1] - first[i];
		print_group(matrix, i, out);
		print_prefixes(&matrix->group_prefixes, list + first[i], count, out);
		for (size_t j = 0; j < group->name_count; j++) {
			(void)fprintf(out, "%s%s",
				j ? ", " : (count ? ", named " : "named "),
				group->names[j]);
		}
		(void)fputs(".", out);
		print_expected(group, out);
		print_owner(group->owner, group->acceptance, out);
		print_comment(group->comment, out);
		(void)fputs("\n", out);
	}
	free(first);
}

/* ", with senders a, 203.0.113.80": nothing where there are none. */
static void print_sources(
	const char *what, const struct matrix_sources *sources, FILE *out)
{
	const struct lookup *addresses = sources->addresses;
	const size_t count = addresses ? addresses->prefix_count : 0;
	if (sources->group_count + count > 0) {
		(void)fprintf(out, "; %s ", what);
	}
	for (size_t i = 0; i < sources->group_count; i++) {
		(void)fprintf(out, "%s%s", i ? ", " : "", sources->groups[i]->name);
	}
	for (size_t i = 0; i < count && i < PREFIXES_SHOWN; i++) {
		char text[NETWORK_TEXT_BYTES];
		(void)fprintf(out, "%s%s", i || sources->group_count ? ", " : "",
			network_text(&addresses->prefixes[i].network, text));
	}
	if (count > PREFIXES_SHOWN) {
		(void)fprintf(out, " and %zu more", count - PREFIXES_SHOWN);
	}
}

static void print_domain(const struct matrix_domain *domain, FILE *out)
{
	(void)fprintf(out, "  %s is %s", domain->name,
		domain->is_own ? "ours" : "not ours, and our servers may send for it");
	for (size_t i = 0; i < domain->selector_count; i++) {
		(void)fprintf(
			out, "%s%s", i ? ", " : "; signed by ", domain->selectors[i]);
	}
	print_sources("sent for from outside by", &domain->senders, out);
	print_sources("forwarded by", &domain->forwarders, out);
	(void)fputs(".\n", out);
}

static void print_domains(const struct matrix *matrix, FILE *out)
{
	if (matrix->domain_count > 0) {
		(void)fputs("\nMail domains, each with those below it\n", out);
	}
	for (size_t i = 0; i < matrix->domain_count; i++) {
		print_domain(&matrix->domains[i], out);
	}
}

/* Nothing where none is declared: most sites have none. */
static void print_tunnels(const struct matrix *matrix, FILE *out)
{
	if (matrix->tunnel_count > 0) {
		(void)fputs("\nTunnels of our own, judged as on the wire\n", out);
	}
	for (size_t i = 0; i < matrix->tunnel_count; i++) {
		const struct matrix_tunnel *tunnel = &matrix->tunnels[i];
		(void)fprintf(out, "  %s is %s between ", tunnel->name,
			tunnel_kind_name(tunnel->kind));
		for (size_t j = 0; j < tunnel->ends->prefix_count && j < PREFIXES_SHOWN;
			j++) {
			char text[NETWORK_TEXT_BYTES];
			(void)fprintf(out, "%s%s", j ? ", " : "",
				network_text(&tunnel->ends->prefixes[j].network, text));
		}
		if (tunnel->ends->prefix_count > PREFIXES_SHOWN) {
			(void)fprintf(out, " and %zu more",
				tunnel->ends->prefix_count - PREFIXES_SHOWN);
		}
		if (tunnel->zone != NULL) {
			(void)fprintf(out,
				"; addresses inside that no zone holds are in %s",
				tunnel->zone->name);
		}
		(void)fputs(".\n", out);
	}
}

static void print_lists(const struct matrix *matrix, FILE *out)
{
	static const char *const MEANINGS[] = {
		[MATRIX_LIST_ALLOW] = "is on no other list",
		[MATRIX_LIST_TEMPORARY] = "is denied for a time",
		[MATRIX_LIST_DENY] = "is denied"};
	if (matrix->list_count > 0) {
		(void)fputs("\nLists\n", out);
	}
	for (size_t i = 0; i < matrix->list_count; i++) {
		const struct matrix_list *list = &matrix->lists[i];
		(void)fprintf(out, "  %s: who stands in %s %s.\n", list->name,
			list->file ? list->file : "what is added by hand",
			MEANINGS[list->kind]);
	}
}

static void print_notes(const struct matrix_row *row, FILE *out)
{
	char day[SENTENCE_DAY_BYTES];
	print_owner(row->owner, row->acceptance, out);
	if (row->ticket) {
		(void)fprintf(out, " Ticket: %s.", row->ticket);
	}
	if (row->learned_s) {
		(void)fprintf(
			out, " Learned: %s.", sentence_last_day(row->learned_s, day));
	}
	if (row->expires_s) {
		(void)fprintf(
			out, " Last day: %s.", sentence_last_day(row->expires_s, day));
	}
	if (row->mode == MATRIX_MODE_AUDIT) {
		(void)fputs(" Audit only: reported, never blocked.", out);
	}
	print_comment(row->comment, out);
}

static bool is_sending_only(uint32_t protocols)
{
	for (; protocols; protocols &= protocols - 1) {
		if (!protocol_row((enum protocol)__builtin_ctz(protocols))
				->is_sending) {
			return false;
		}
	}
	return true;
}

static void print_row(const struct matrix_row *row, FILE *out)
{
	const bool sends = is_sending_only(row->protocols);
	char protocols[SENTENCE_LIST_BYTES];
	char ports[SENTENCE_LIST_BYTES];
	char condition[SENTENCE_LIST_BYTES];
	(void)fprintf(out, "  %s: %s may %s %s %s %s on %s, %s.", row->id,
		sentence_end_name(&row->from),
		row->is_probe ? "probe"
		: sends       ? "send"
			      : "use",
		sentence_protocols(row->protocols, "and", protocols),
		sends && !row->is_probe ? "to" : "of", sentence_end_name(&row->to),
		sentence_ports(row, ports),
		row->is_probe ? "and send nothing"
			      : sentence_condition(row, condition));
	print_notes(row, out);
	(void)fputs("\n", out);
}

void matrix_print(const struct matrix *matrix, FILE *out)
{
	(void)fprintf(out, "Profile %s.\n\nZones\n",
		word_name(words_of_profiles(), (int)matrix->profile));
	print_zones(matrix, out);
	(void)fputs("\nGroups\n", out);
	print_groups(matrix, out);
	print_domains(matrix, out);
	print_tunnels(matrix, out);
	print_lists(matrix, out);
	(void)fputs("\nRows\n", out);
	for (size_t i = 0; i < matrix->row_count; i++) {
		print_row(&matrix->rows[i], out);
	}
	(void)fputs("\nWhat no row allows is illegitimate.\n", out);
}
