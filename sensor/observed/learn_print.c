/* The proposal as a matrix file, and as the text that is proved. */
#include "observed/learn_steps.h"

#include "matrix/sentence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S    86400
#define US_PER_S 1000000
#define EXAMPLES 200 /* of what is asked or refused; the others are counted */

/* "2026-11-29" */
static const char *day_text(int64_t time_s, char text[SENTENCE_DAY_BYTES])
{
	return sentence_last_day((time_s / DAY_S + 1) * DAY_S, text);
}

static void print_networks(const struct network *networks, size_t count, FILE *out)
{
	char text[NETWORK_TEXT_BYTES];
	for (size_t i = 0; i < count; i++) {
		const char *name = network_text(&networks[i], text);
		const char *quote = strchr(name, ':') ? "\"" : "";
		(void)fprintf(out, "%s%s%s%s", i > 0 ? ", " : "", quote, name, quote);
	}
}

/* Returns how many lines. */
static unsigned print_zones(const struct learn *learn, FILE *out)
{
	unsigned lines = 0;
	(void)fprintf(out, "schema: 1\n");
	if (learn->settings->matrix) {
		return 1;
	}
	(void)fprintf(out, "zones:\n");
	for (size_t i = 1; i < learn->zone_count; i++) {
		const struct learn_zone *zone = &learn->zones[i];
		(void)fprintf(out, "  %s: [", zone->name);
		print_networks(zone->networks, zone->network_count, out);
		(void)fprintf(out, "]\n");
		lines++;
	}
	return lines + 2;
}

static bool is_new(const struct learn_group *group)
{
	return !group->declared && group->network_count > 0;
}

static void print_group(const struct learn_group *group, FILE *out)
{
	(void)fprintf(out, "  %s: {role: %s, addresses: [", group->name,
		matrix_role_name((enum matrix_role)group->role));
	print_networks(group->networks, group->network_count, out);
	(void)fprintf(out, "]}\n");
}

static void print_protocols(uint32_t protocols, FILE *out)
{
	const char *between = "";
	for (int i = PROTOCOL_SMTP; i < PROTOCOL_ATTEMPT; i++) {
		if ((protocols & PROTOCOL_BIT(i)) != 0) {
			(void)fprintf(
				out, "%s%s", between, protocol_name((enum protocol)i));
			between = ", ";
		}
	}
}

static void print_row(const struct learn *learn, const struct learn_row *row,
	unsigned number, FILE *out)
{
	char day[SENTENCE_DAY_BYTES];
	const int64_t today_s = learn->settings->today_s;
	(void)fprintf(out, "  - {id: L-%02u, from: %s, to: %s, protocols: [", number,
		learn->groups[row->from].name, learn->groups[row->to].name);
	print_protocols(row->protocols, out);
	(void)fprintf(out, "], tls: %s", matrix_tls_name((enum matrix_tls)row->tls));
	if (row->min_tls != 0) {
		(void)fprintf(
			out, ", min_tls: \"%s\"", sentence_tls_version(row->min_tls));
	}
	(void)fprintf(out, ", mode: audit, learned: %s", day_text(today_s, day));
	(void)fprintf(out, ", expires: %s}\n",
		day_text(today_s + (int64_t)LEARN_KEPT_DAYS * DAY_S, day));
}

void learn_print_proof(struct learn *learn, FILE *out, bool is_joined)
{
	unsigned line = print_zones(learn, out);
	const char *head = "groups:\n";
	for (size_t i = 1; i < learn->group_count; i++) {
		struct learn_group *group = &learn->groups[i];
		group->line = 0;
		if (is_new(group) && (!is_joined || group->is_proposed)) {
			(void)fputs(head, out);
			line += head[0] != '\0';
			head = "";
			print_group(group, out);
			group->line = ++line;
		}
	}
	(void)fprintf(out, "rows:\n");
	line++;
	for (size_t i = 0; i < learn->row_count; i++) {
		struct learn_row *row = &learn->rows[i];
		row->line = 0;
		if (!is_joined || (!row->is_merged && row->number > 0)) {
			/* high, so that no declared row has it */
			print_row(learn, row,
				is_joined ? row->number : (unsigned)i + 1000000000,
				out);
			row->line = ++line;
		}
	}
}

static void print_end(const struct learn_group *group, FILE *out)
{
	char text[NETWORK_TEXT_BYTES];
	if (group->network_count == 0) {
		(void)fputs(group->name, out);
	}
	for (size_t i = 0; i < group->network_count; i++) {
		(void)fprintf(out, "%s%s", i > 0 ? "," : "",
			network_text(&group->networks[i], text));
	}
}

char *learn_row_key(const struct learn *learn, const struct learn_row *row)
{
	char *key = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&key, &len);
	if (!out) {
		abort(); /* as list_room has it */
	}
	print_end(&learn->groups[row->from], out);
	(void)fputs(" > ", out);
	print_end(&learn->groups[row->to], out);
	(void)fputs(" ", out);
	print_protocols(row->protocols, out);
	(void)fputs(learn_row_is_clear(row) ? LEARN_IN_CLEAR : "", out);
	if (fclose(out) != 0) {
		abort();
	}
	return key;
}

/* "60 clients", "1 server", "the Internet" */
static void print_ends(uint32_t group, uint32_t hosts, const char *what, FILE *out)
{
	if (group == LEARN_INTERNET) {
		(void)fputs("the Internet", out);
	} else {
		(void)fprintf(out, "%u %s%s", hosts, what, hosts == 1 ? "" : "s");
	}
}

void learn_print_evidence(
	const struct learn *learn, const struct learn_row *row, FILE *out)
{
	char first[SENTENCE_DAY_BYTES];
	char last[SENTENCE_DAY_BYTES];
	const struct learn_group *from = &learn->groups[row->from];
	const unsigned days = learn_row_days(row);
	(void)fprintf(
		out, "%" PRIu64 " flow%s of ", row->flows, row->flows == 1 ? "" : "s");
	print_ends(row->from, row->clients, "client", out);
	(void)fputs(" to ", out);
	print_ends(row->to, row->servers, "server", out);
	(void)fprintf(out, " on %u day%s, %s to %s", days, days == 1 ? "" : "s",
		day_text(row->first_s, first),
		day_text((int64_t)(row->last_us / US_PER_S), last));
	if (row->from != LEARN_INTERNET && !from->declared) {
		(void)fprintf(out, "; %u of %.0f addresses took part", row->clients,
			from->addresses);
	}
	(void)fprintf(out, "; admits %.1f times the pairs seen\n",
		learn_permissiveness(learn, row));
}

static double share_of(const struct learn *learn, uint64_t flows)
{
	return learn->flows > 0 ? 100.0 * (double)flows / (double)learn->flows : 0;
}

static void print_head(const struct learn *learn, FILE *out)
{
	struct observed_totals totals;
	char first[SENTENCE_DAY_BYTES];
	char last[SENTENCE_DAY_BYTES];
	const uint64_t covered = learn->flows_in[LEARN_COVERED];
	observed_totals(learn->observed, &totals);
	(void)fprintf(out,
		"# Proposed by mailwarden learn from %" PRIu64 " flows, %s to %s%s.\n"
		"# With a row: %.1f %% of them before, %.1f %% with these; %" PRIu64
		" to be asked about, %" PRIu64 " refused.\n"
		"# Give each row its owner and delete \"mode: audit\" once it is "
		"right.\n",
		learn->flows, day_text((int64_t)(totals.first_us / US_PER_S), first),
		day_text((int64_t)(totals.last_us / US_PER_S), last),
		observed_is_partial(&totals) ? " (partial: more pairs than are kept)"
					     : "",
		share_of(learn, covered),
		share_of(learn, covered + learn->flows_in[LEARN_PROPOSED]),
		learn->flows_in[LEARN_ASK], learn->flows_in[LEARN_REFUSED]);
}

static void print_asked_rows(const struct learn *learn, FILE *out)
{
	bool is_first = true;
	for (size_t i = 0; i < learn->row_count; i++) {
		const struct learn_row *row = &learn->rows[i];
		if (row->is_merged || row->basket != LEARN_ASK) {
			continue;
		}
		char *key = learn_row_key(learn, row);
		(void)fprintf(out, "%s#   %s\n#     %s\n",
			is_first ? "\n# Rows to be asked about:\n" : "", key,
			row->reason);
		(void)fputs("#     ", out);
		learn_print_evidence(learn, row, out);
		is_first = false;
		free(key);
	}
}

static const char *host_text(const struct learn *learn, uint32_t host,
	const struct address *address, char *text)
{
	(void)learn;
	return host == LEARN_INTERNET && observed_is_folded(address)
		       ? "internet"
		       : address_text(address, text);
}

void learn_print_pair(
	const struct learn *learn, const struct learn_edge *edge, FILE *out)
{
	char client[ADDRESS_TEXT_BYTES];
	char server[ADDRESS_TEXT_BYTES];
	const struct observed_key *key = &edge->entry->key;
	(void)fprintf(out, "%s > %s:%u %s, %u flow%s",
		host_text(learn, edge->client, &key->client, client),
		host_text(learn, edge->server, &key->server, server), key->port,
		protocol_name((enum protocol)key->protocol), edge->entry->flows,
		edge->entry->flows == 1 ? "" : "s");
	if (edge->recommendation) {
		(void)fprintf(out, ": %s, %s\n", edge->recommendation, edge->reason);
	} else if (edge->reason) {
		(void)fprintf(out, ": %s\n", edge->reason);
	} else {
		(void)fputc('\n', out);
	}
}

/* row: pairs that a row to be asked about stands for are not listed again. */
static void print_edges(const struct learn *learn, enum learn_basket basket,
	const char *title, FILE *out)
{
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		const bool is_in_row = basket == LEARN_ASK && edge->row != LEARN_NONE;
		if (edge->basket != basket || is_in_row) {
			continue;
		}
		if (count++ == 0) {
			(void)fprintf(out, "\n# %s:\n", title);
		}
		if (count <= EXAMPLES) {
			(void)fputs("#   ", out);
			learn_print_pair(learn, edge, out);
		}
	}
	if (count > EXAMPLES) {
		(void)fprintf(out, "#   and %zu more pairs\n", count - EXAMPLES);
	}
}

static void print_proposed(const struct learn *learn, FILE *out)
{
	const char *head = "groups:\n";
	for (size_t i = 1; i < learn->group_count; i++) {
		const struct learn_group *group = &learn->groups[i];
		if (is_new(group) && group->is_proposed) {
			(void)fputs(head, out);
			head = "";
			print_group(group, out);
		}
	}
	head = "rows:\n";
	for (size_t i = 0; i < learn->row_count; i++) {
		const struct learn_row *row = &learn->rows[i];
		if (!row->is_merged && row->number > 0) {
			(void)fputs(head, out);
			head = "";
			(void)fputs("  # ", out);
			learn_print_evidence(learn, row, out);
			print_row(learn, row, row->number, out);
		}
	}
	if (head[0] != '\0') {
		(void)fputs("# Nothing to propose.\n", out);
	}
}

void learn_print(const struct learn *learn, FILE *out)
{
	print_head(learn, out);
	(void)print_zones(learn, out);
	print_proposed(learn, out);
	print_asked_rows(learn, out);
	print_edges(learn, LEARN_ASK, "Pairs to be asked about", out);
	print_edges(learn, LEARN_REFUSED, "Refused", out);
}
