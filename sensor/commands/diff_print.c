#include "commands/diff_print.h"

#include "base/arena.h"
#include "commands/diff_words.h"

#include <stdio.h>
#include <string.h>

static const char MARKS[] = {
	[DIFFERENCE_GAINED] = '+',
	[DIFFERENCE_LOST] = '-',
	[DIFFERENCE_CHANGED] = '~',
	[DIFFERENCE_LOOSENED] = '+',
	[DIFFERENCE_TIGHTENED] = '-',
};

void diff_print_start(struct diff_print *print, const struct difference *difference,
	const char *const files[2])
{
	*print = (struct diff_print){
		.difference = difference, .files = {files[0], files[1]}};
	for (size_t i = 0; i < difference->entry_count; i++) {
		print->counts[difference->entries[i].kind]++;
	}
}

static void mark(bool *told, const uint32_t *classes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		told[classes[i]] = true;
	}
}

/* The ends of connections that have another name now: once each, whatever names them. */
static void print_moved(const struct difference *difference)
{
	char members[DIFF_TEXT_BYTES];
	const char *head = "\nOf another group now\n";
	bool *told = list_new(difference->class_count, sizeof(*told));
	for (size_t i = 0; i < difference->entry_count; i++) {
		const struct difference_entry *entry = &difference->entries[i];
		mark(told, entry->from, entry->from_count);
		mark(told, entry->to, entry->to_count);
	}
	for (uint32_t i = 0; i < difference->class_count; i++) {
		const struct difference_class *class = &difference->classes[i];
		if (told[i] && !diff_is_same(class)) {
			(void)printf("%s    %s: %s, before %s\n", head,
				diff_members(difference, i, members),
				diff_name(class, DIFFERENCE_NEW),
				diff_name(class, DIFFERENCE_OLD));
			head = "";
		}
	}
	list_free(told);
}

static void print_entry(
	const struct difference *difference, const struct difference_entry *entry)
{
	char from[DIFF_TEXT_BYTES];
	char text[DIFF_TEXT_BYTES];
	(void)printf("%c %s -> %s", MARKS[entry->kind],
		diff_ends(difference, entry->from, entry->from_count, from),
		diff_ends(difference, entry->to, entry->to_count, text));
	(void)printf(
		entry->kind == DIFFERENCE_CHANGED ? ": %s\n" : "\n", diff_way(entry));
	for (size_t i = 0; i < entry->line_count; i++) {
		(void)printf("    %c %s\n", MARKS[entry->lines[i].kind],
			diff_line(&entry->lines[i], text));
	}
}

static char mark_of(const struct difference_term *term)
{
	if (term->is_wider == term->is_narrower) {
		return '~';
	}
	return term->is_wider ? '+' : '-';
}

static void print_terms(const struct difference *difference)
{
	char text[DIFF_TEXT_BYTES];
	if (difference->term_count > 0) {
		(void)printf("%sDomains, expected fields, lists: %zu\n",
			difference->entry_count > 0 || difference->is_partial
				? "\n"
				: "No connection is gained, lost or changed.\n\n",
			difference->term_count);
	}
	for (size_t i = 0; i < difference->term_count; i++) {
		const struct difference_term *term = &difference->terms[i];
		(void)printf("%c %s\n", mark_of(term), diff_term(term, text));
	}
}

void diff_print_text(const struct diff_print *print)
{
	static const char *const HEADS[] = {"Gained", "Lost", "Changed"};
	const struct difference *difference = print->difference;
	if (print->counts[DIFFERENCE_CHANGED] > 0 &&
		print->counts[DIFFERENCE_CHANGED] == difference->entry_count) {
		(void)printf("No connection is gained or lost.\n\n");
	}
	for (size_t i = 0; i < difference->entry_count; i++) {
		const struct difference_entry *entry = &difference->entries[i];
		if (i == 0 || entry->kind != entry[-1].kind) {
			(void)printf("%s%s: %zu\n", i == 0 ? "" : "\n",
				HEADS[entry->kind], print->counts[entry->kind]);
		}
		print_entry(difference, entry);
	}
	print_moved(difference);
	print_terms(difference);
	if (difference->is_partial) {
		(void)printf("Not all was compared: the matrices are too large. What "
			     "is shown is right, more may be different.\n");
	} else if (difference->entry_count + difference->term_count == 0) {
		(void)printf("No difference: both allow the same.\n");
	}
	if (print->traffic) {
		diff_traffic_text(print->traffic);
	}
}

static void print_markdown_members(
	const struct difference *difference, const uint32_t *classes, size_t count)
{
	char members[DIFF_TEXT_BYTES];
	for (size_t i = 0; i < count; i++) {
		if (!diff_is_same(&difference->classes[classes[i]])) {
			(void)printf("<br>");
			diff_put_escaped(diff_members(difference, classes[i], members));
		}
	}
}

static void print_markdown_ends(
	const struct difference *difference, const uint32_t *classes, size_t count)
{
	char text[DIFF_TEXT_BYTES];
	(void)printf(" ");
	diff_put_escaped(diff_ends(difference, classes, count, text));
	print_markdown_members(difference, classes, count);
	(void)printf(" |");
}

static void print_markdown_entry(
	const struct difference *difference, const struct difference_entry *entry)
{
	char text[DIFF_TEXT_BYTES];
	(void)printf("| %s |", entry->is_wider ? "**yes**" : "no");
	print_markdown_ends(difference, entry->from, entry->from_count);
	print_markdown_ends(difference, entry->to, entry->to_count);
	for (size_t i = 0; i < entry->line_count; i++) {
		(void)printf("%s%s: ", i == 0 ? " " : "<br>",
			DIFF_KINDS[entry->lines[i].kind]);
		diff_put_escaped(diff_line(&entry->lines[i], text));
	}
	(void)printf(" |\n");
}

static void print_markdown_entries(const struct difference *difference)
{
	(void)printf("| more is allowed | from | to | what |\n|---|---|---|---|\n");
	for (size_t i = 0; i < difference->entry_count; i++) {
		print_markdown_entry(difference, &difference->entries[i]);
	}
}

static void print_markdown_terms(const struct difference *difference)
{
	char text[DIFF_TEXT_BYTES];
	(void)printf("%s| more is let by | what |\n|---|---|\n",
		difference->entry_count > 0 ? "\n" : "");
	for (size_t i = 0; i < difference->term_count; i++) {
		const struct difference_term *term = &difference->terms[i];
		(void)printf("| %s | ", term->is_wider ? "**yes**" : "no");
		diff_put_escaped(diff_term(term, text));
		(void)printf(" |\n");
	}
}

void diff_print_markdown(const struct diff_print *print)
{
	const struct difference *difference = print->difference;
	(void)printf("### Flow matrix: %zu gained, %zu lost, %zu changed\n\n",
		print->counts[DIFFERENCE_GAINED], print->counts[DIFFERENCE_LOST],
		print->counts[DIFFERENCE_CHANGED]);
	if (difference->is_partial) {
		(void)printf(
			"**Not all was compared: the matrices are too large.**\n\n");
	}
	if (difference->entry_count > 0) {
		print_markdown_entries(difference);
	} else if (!difference->is_partial && difference->term_count == 0) {
		(void)printf("Both matrices allow the same.\n");
	}
	if (difference->term_count > 0) {
		print_markdown_terms(difference);
	}
	if (print->traffic) {
		diff_traffic_markdown(print->traffic);
	}
}
