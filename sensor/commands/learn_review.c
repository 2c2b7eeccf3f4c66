/* The dialogue of learn --review. */
#include "commands/learn.h"

#include "base/replaced_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES  5
#define LINE_MOST 64

/* How full prefixes must be, narrowest first. */
static const uint32_t FILLS[] = {100, 75, 50, 25, 12};
#define FILL_COUNT (sizeof(FILLS) / sizeof(FILLS[0]))

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

static void show(const struct review *review, const struct learn_row *row, size_t left)
{
	const struct learn *learn = review->learn;
	char *key = learn_row_key(learn, row);
	(void)fprintf(stderr, "\n%s (%s) > %s (%s), %zu left\n  %s\n  ",
		learn->groups[row->from].name,
		matrix_role_name((enum matrix_role)learn->groups[row->from].role),
		learn->groups[row->to].name,
		matrix_role_name((enum matrix_role)learn->groups[row->to].role), left,
		key);
	learn_print_evidence(learn, row, stderr);
	(void)fprintf(stderr, "  %s, tls: %s\n",
		row->basket == LEARN_PROPOSED ? "proposed" : row->reason,
		matrix_tls_name((enum matrix_tls)row->tls));
	free(key);
}

static void show_why(const struct review *review, const struct learn_row *row)
{
	const struct learn *learn = review->learn;
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count && count < EXAMPLES; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (edge->row == (uint32_t)(row - learn->rows)) {
			(void)fputs("    ", stderr);
			learn_print_pair(learn, edge, stderr);
			count++;
		}
	}
}

static bool is_foldable(const struct learn_group *group)
{
	return group->role == MATRIX_ROLE_CLIENT && !group->declared;
}

/* step: 1 wider, -1 narrower. False: it stays as it is. */
static bool refold(struct review *review, const struct learn_row *row, int step)
{
	const struct learn *learn = review->learn;
	const struct learn_group *group = &learn->groups[row->from];
	const struct address *first = &learn->hosts[group->first].address;
	const uint32_t fill =
		answers_fill_of(review->answers, first, review->settings->fill);
	size_t at = 0;
	while (at + 1 < FILL_COUNT && FILLS[at] > fill) {
		at++;
	}
	if (!is_foldable(group) || (step < 0 && at == 0) ||
		(step > 0 && at + 1 == FILL_COUNT)) {
		(void)fprintf(stderr, "  it cannot be made %s\n",
			step > 0 ? "wider" : "narrower");
		return false;
	}
	at = step > 0 ? at + 1 : at - 1;
	answers_fill(review->answers, first, FILLS[at]);
	(void)fprintf(stderr, "  prefixes of which %u %% were seen\n", FILLS[at]);
	return true;
}

static bool learn_anew(struct review *review, struct reason *why)
{
	learn_free(review->learn);
	return learn_all(review->learn, review->observed, review->settings, why);
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
		return !refold(review, row, 1) ||
		       (save(review, why) && learn_anew(review, why));
	case 'n':
		return !refold(review, row, -1) ||
		       (save(review, why) && learn_anew(review, why));
	case 'e':
		show_why(review, row);
		return true;
	case 'q':
		*is_over = true;
		return true;
	default:
		(void)fputs("  a, d, i, w, n, e or q\n", stderr);
		return true;
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
	while (!is_over) { /* each answer leaves a row less, or folds one otherwise */
		size_t left;
		const struct learn_row *row = next_row(&review, &left);
		if (!row) {
			break;
		}
		show(&review, row, left);
		if (!ask(&review, row, &is_over, why)) {
			return false;
		}
	}
	return learn_anew(&review, why);
}
