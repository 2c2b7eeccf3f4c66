/* The dialogue of learn --review. */
#include "commands/learn.h"

#include "base/columns.h"
#include "base/replaced_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES  5
#define LINE_MOST 64
#define INDENT    6 /* of a line that goes on */

/* How full prefixes must be, narrowest first. */
static const uint32_t FILLS[] = {100, 75, 50, 25, 12};
#define FILL_COUNT (sizeof(FILLS) / sizeof(FILLS[0]))

static const char HELP[] =
	"  a, d, i, w, n, e or q:\n"
	"    a  into the matrix\n"
	"    d  never: its hosts are refused for this from now on\n"
	"    i  not into the matrix, and not asked about again\n"
	"    w  wider prefixes for its clients, fewer of which were seen\n"
	"    n  narrower ones, more of which were seen\n"
	"    e  pairs of hosts that it stands for\n"
	"    q  leave off: what was answered is kept, go on another day\n";

struct review {
	struct learn *learn;
	const struct observed *observed;
	const struct learn_settings *settings;
	struct answers *answers; /* those of the settings */
	const char *path;
};

static bool write_answers(FILE *out, const void *what)
{
	answers_print(what, out);
	return true;
}

static bool save(const struct review *review, struct reason *why)
{
	return replaced_file_save(review->path, write_answers, review->answers, why);
}

static bool is_open(const struct review *review, const struct learn_row *row)
{
	if (row->is_merged ||
		(row->basket != LEARN_PROPOSED && row->basket != LEARN_ASK)) {
		return false;
	}
	char *key = learn_row_key(review->learn, row);
	const bool is_new = answers_find(review->answers, key) == ANSWER_NONE;
	free(key);
	return is_new;
}

/* The one with most flows that has no answer yet, and how many have none. */
static const struct learn_row *next_row(const struct review *review, size_t *left)
{
	const struct learn_row *best = NULL;
	*left = 0;
	for (size_t i = 0; i < review->learn->row_count; i++) {
		const struct learn_row *row = &review->learn->rows[i];
		if (is_open(review, row)) {
			(*left)++;
			best = !best || row->flows > best->flows ? row : best;
		}
	}
	return best;
}

static void show_end(const struct learn_group *group, const char *between)
{
	const bool has_role = group->role != MATRIX_ROLE_NONE;
	(void)fprintf(stderr, "%s%s%s%s", group->name, has_role ? ": " : "",
		has_role ? matrix_role_name((enum matrix_role)group->role) : "",
		between);
}

static void show(const struct review *review, const struct learn_row *row, size_t left)
{
	const struct learn *learn = review->learn;
	char *key = learn_row_key(learn, row);
	struct columns columns;
	columns_begin(&columns, &stderr);
	(void)fprintf(stderr, "\n%zu left: ", left);
	show_end(&learn->groups[row->from], " > ");
	show_end(&learn->groups[row->to], "\n  ");
	(void)fprintf(stderr, "%s, tls: %s\n  ", key,
		matrix_tls_name((enum matrix_tls)row->tls));
	learn_print_evidence(learn, row, stderr);
	if (row->basket == LEARN_PROPOSED) {
		(void)fputs("  proposed\n", stderr);
	} else {
		(void)fprintf(stderr, "  not proposed without you: %s\n", row->reason);
	}
	columns_end(&columns, INDENT);
	free(key);
}

static void show_why(const struct review *review, const struct learn_row *row)
{
	const struct learn *learn = review->learn;
	struct columns columns;
	size_t count = 0;
	columns_begin(&columns, &stderr);
	for (size_t i = 0; i < learn->edge_count && count < EXAMPLES; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (edge->row == (uint32_t)(row - learn->rows)) {
			(void)fputs("    ", stderr);
			learn_print_pair(learn, edge, stderr);
			count++;
		}
	}
	columns_end(&columns, INDENT);
}

/* An application is who it is, and so is a server. */
static bool is_foldable(const struct learn_group *group)
{
	return group->role == MATRIX_ROLE_CLIENT && !group->declared;
}

static bool learn_anew(struct review *review, struct reason *why)
{
	learn_free(review->learn);
	return learn_all(review->learn, review->observed, review->settings, why);
}

/* Where a fill stands among those there are. */
static size_t place_of(uint32_t fill)
{
	size_t at = 0;
	while (at + 1 < FILL_COUNT && FILLS[at] > fill) {
		at++;
	}
	return at;
}

/*
 * step: 1 wider, -1 narrower: the next fill that makes other prefixes of the row's clients.
 * Where none does, it stays as it is, and that is said.
 */
static bool refold(struct review *review, const struct learn_row *row, int step,
	struct reason *why)
{
	struct learn *learn = review->learn;
	const struct learn_group *group = &learn->groups[row->from];
	const uint32_t host = group->first; /* the same whenever it is learnt */
	const struct address first = learn->hosts[host].address;
	const uint32_t before =
		answers_fill_of(review->answers, &first, review->settings->fill);
	const size_t kept = review->answers->fill_count;
	const size_t networks = group->network_count;
	const double addresses = group->addresses;
	size_t at = place_of(before);
	while (is_foldable(group) && (step > 0 ? at + 1 < FILL_COUNT : at > 0)) {
		at = step > 0 ? at + 1 : at - 1;
		answers_fill(review->answers, &first, FILLS[at]);
		if (!learn_anew(review, why)) {
			return false;
		}
		group = &learn->groups[learn->hosts[host].group];
		if (group->network_count != networks || group->addresses != addresses) {
			(void)fprintf(stderr,
				"  prefixes of which %u %% were seen, for all rows of "
				"these clients\n",
				FILLS[at]);
			return save(review, why);
		}
	}
	(void)fprintf(
		stderr, "  it cannot be made %s\n", step > 0 ? "wider" : "narrower");
	if (at == place_of(before)) {
		return true;
	}
	if (review->answers->fill_count > kept) {
		review->answers->fill_count = kept; /* it was the last */
	} else {
		answers_fill(review->answers, &first, before);
	}
	return learn_anew(review, why);
}

static void answer_row(
	struct review *review, const struct learn_row *row, enum answer answer)
{
	char *key = learn_row_key(review->learn, row);
	answers_add(review->answers, answer, key);
	free(key);
}

/* The first letter of a line; 'q' at the end of input. */
static char read_letter(void)
{
	char line[LINE_MOST];
	(void)fputs("[a]ccept [d]eny [i]gnore [w]ider [n]arrower [e]xamples [q]uit? ",
		stderr);
	if (!fgets(line, sizeof(line), stdin)) {
		return 'q';
	}
	while (!strchr(line, '\n')) { /* the rest of a long line is no answer */
		if (!fgets(line + 1, sizeof(line) - 1, stdin)) {
			return 'q';
		}
	}
	return line[0];
}

/* One question; *is_over: no more of them. */
static bool ask(struct review *review, const struct learn_row *row, bool *is_over,
	struct reason *why)
{
	switch (read_letter()) {
	case 'a':
		answer_row(review, row, ANSWER_ACCEPT);
		return save(review, why);
	case 'd': /* what its hosts did is no evidence for other rows either */
		answer_row(review, row, ANSWER_DENY);
		return save(review, why) && learn_anew(review, why);
	case 'i':
		answer_row(review, row, ANSWER_IGNORE);
		return save(review, why);
	case 'w':
		return refold(review, row, 1, why);
	case 'n':
		return refold(review, row, -1, why);
	case 'e':
		show_why(review, row);
		return true;
	case 'q':
		*is_over = true;
		return true;
	default:
		(void)fputs(HELP, stderr);
		return true;
	}
}

/* left: rows that have no answer. */
static void tell_rest(const struct review *review, size_t left)
{
	const struct learn *learn = review->learn;
	size_t pairs = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		pairs += learn->edges[i].basket == LEARN_ASK &&
			 learn->edges[i].row == LEARN_NONE;
	}
	if (left > 0) {
		(void)fprintf(stderr,
			"\n%zu without an answer; what was proposed of them is in the "
			"matrix.\n",
			left);
	} else {
		(void)fputs("\nNo row is left to be asked about.\n", stderr);
	}
	if (pairs > 0) {
		(void)fprintf(stderr,
			"%zu pair%s of hosts no row can be learnt for: why stands "
			"below the matrix.\n",
			pairs, pairs == 1 ? "" : "s");
	}
}

bool learn_review(struct learn *learn, const struct observed *observed,
	const struct learn_settings *settings, const struct learn_answers *answers,
	struct reason *why)
{
	struct review review = {
		learn, observed, settings, answers->answers, answers->path};
	bool is_over = false;
	if (!learn_all(learn, observed, settings, why)) {
		return false;
	}
	size_t left = 0;
	while (!is_over) { /* each answer leaves a row less, or folds one otherwise */
		const struct learn_row *row = next_row(&review, &left);
		if (!row) {
			break;
		}
		show(&review, row, left);
		if (!ask(&review, row, &is_over, why)) {
			return false;
		}
	}
	tell_rest(&review, left);
	return learn_anew(&review, why);
}
