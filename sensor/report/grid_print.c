#include "report/grid_print.h"

#include "base/columns.h"
#include "matrix/sentence.h"
#include "report/json_writer.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define US_PER_S    1000000
#define NAME_BYTES  SENTENCE_END_BYTES
#define DATE_BYTES  16
#define LABEL_WIDE  28 /* number and name in front of the signs */
#define CELL_WIDE   4
#define CELLS_ASIDE ((COLUMNS_STANDARD - LABEL_WIDE) / CELL_WIDE)

/* By severity, as the alerts are; what is as it should be has none. */
static const char *const COLOURS[GRID_STATES] = {
	[GRID_USED] = "\x1b[32m",
	[GRID_UNUSED] = "\x1b[36m",
	[GRID_UNDECLARED] = "\x1b[33m",
	[GRID_FORBIDDEN] = "\x1b[1;31m",
};

/* In which order they are told. */
static const enum grid_state ORDER[] = {
	GRID_FORBIDDEN, GRID_UNDECLARED, GRID_UNUSED, GRID_USED};
#define ORDER_COUNT (sizeof(ORDER) / sizeof(ORDER[0]))

/* "2026-11-29"; "-" for never. */
static const char *date_text(uint64_t time_us, char *text)
{
	const time_t time = (time_t)(time_us / US_PER_S);
	struct tm parts;
	if (time_us == 0 || gmtime_r(&time, &parts) == NULL ||
		strftime(text, DATE_BYTES, "%Y-%m-%d", &parts) == 0) {
		memcpy(text, "-", sizeof("-"));
	}
	return text;
}

/* "98 %"; "-" where nothing was seen. More than none and less than all are never rounded away. */
static const char *share_text(const struct grid_cell *cell, char *text)
{
	const uint64_t flows = grid_flows(cell);
	if (flows == 0) {
		memcpy(text, "-", sizeof("-"));
		return text;
	}
	uint64_t percent = (cell->encrypted * 100 + flows / 2) / flows;
	if (percent == 0 && cell->encrypted > 0) {
		percent = 1;
	}
	if (percent == 100 && cell->encrypted < flows) {
		percent = 99;
	}
	(void)snprintf(text, DATE_BYTES, "%" PRIu64 " %%", percent);
	return text;
}

/* "sender.illegitimate (R37), tls.missing (R41)": of what is forbidden. */
static const char *reasons_text(uint64_t reasons, char *text)
{
	text[0] = '\0';
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (!(reasons & FINDING_BIT(i))) {
			continue;
		}
		const struct finding_row *row = finding_row((enum finding)i);
		const char *recommendation = row->recommendations[0];
		sentence_append(text, SENTENCE_LIST_BYTES, "%s%s%s%s%s",
			text[0] ? ", " : "", row->id, recommendation ? " (" : "",
			recommendation ? recommendation : "",
			recommendation ? ")" : "");
	}
	return text;
}

static void print_sign(enum grid_state state, FILE *out, bool use_colour)
{
	const bool is_coloured = use_colour && COLOURS[state];
	(void)fprintf(out, "%s%c%s", is_coloured ? COLOURS[state] : "",
		grid_sign(state), is_coloured ? "\x1b[0m" : "");
}

static void print_counts(const struct grid *grid, FILE *out, bool use_colour)
{
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		(void)fputs("  ", out);
		print_sign(ORDER[i], out, use_colour);
		(void)fprintf(out, " %-22s%6zu\n", grid_state_text(ORDER[i]),
			grid_count(grid, ORDER[i]));
	}
}

/* Ends have the number of their place among those in use: the same in rows and columns. */
static size_t next_used(const struct grid *grid, size_t end)
{
	while (end < grid_ends(grid) && !grid_end_is_used(grid, end)) {
		end++;
	}
	return end;
}

static void print_label(const struct grid *grid, size_t end, size_t number, FILE *out)
{
	char name[NAME_BYTES];
	(void)fprintf(out, "%4zu %-*.*s", number, LABEL_WIDE - 5, LABEL_WIDE - 6,
		grid_end_name(grid, end, name));
}

/* The columns from this one on that a line holds; returns the first behind them. */
static size_t print_block(const struct grid *grid, size_t first, size_t number,
	FILE *out, bool use_colour)
{
	size_t columns[CELLS_ASIDE];
	size_t count = 0;
	size_t end = first;
	for (; end < grid_ends(grid) && count < CELLS_ASIDE;
		end = next_used(grid, end + 1)) {
		columns[count++] = end;
	}
	(void)fprintf(out, "\n%*s", LABEL_WIDE, "from                     to ");
	for (size_t i = 0; i < count; i++) {
		(void)fprintf(out, "%*zu", CELL_WIDE, number + i);
	}
	(void)fputc('\n', out);
	size_t line = 1;
	for (size_t from = next_used(grid, 0); from < grid_ends(grid);
		from = next_used(grid, from + 1)) {
		print_label(grid, from, line++, out);
		for (size_t i = 0; i < count; i++) {
			(void)fprintf(out, "%*s", CELL_WIDE - 1, "");
			print_sign(grid_state(grid, from, columns[i]), out, use_colour);
		}
		(void)fputc('\n', out);
	}
	return end;
}

static void print_table(const struct grid *grid, FILE *out, bool use_colour)
{
	size_t number = 1;
	for (size_t first = next_used(grid, 0); first < grid_ends(grid);
		number += CELLS_ASIDE) {
		first = print_block(grid, first, number, out, use_colour);
	}
}

/* What stands behind the two ends. */
static void cell_words(const struct grid_cell *cell, char *text, size_t size)
{
	char list[SENTENCE_LIST_BYTES];
	char share[DATE_BYTES];
	char date[DATE_BYTES];
	const uint64_t flows = grid_flows(cell);
	text[0] = '\0';
	if (cell->row) {
		sentence_append(text, size, "row %s%s", cell->row->id,
			cell->rows > 1 ? " and others" : "");
	}
	if (flows == 0) {
		sentence_append(text, size, "%s%s", text[0] ? ", " : "",
			sentence_protocols(
				cell->row ? cell->row->protocols : 0, "and", list));
		return;
	}
	sentence_append(text, size, "%s%" PRIu64 " flow%s", text[0] ? ", " : "", flows,
		flows == 1 ? "" : "s");
	if (cell->flows[HELD_ALLOWED] > 0 && cell->flows[HELD_ALLOWED] < flows) {
		sentence_append(text, size, " (%" PRIu64 " allowed)",
			cell->flows[HELD_ALLOWED]);
	}
	sentence_append(text, size, " of %s, %s under TLS, last on %s",
		sentence_protocols(cell->protocols, "and", list),
		share_text(cell, share), date_text(cell->last_us, date));
	if (cell->state == GRID_FORBIDDEN) {
		sentence_append(text, size, ": %s", reasons_text(cell->reasons, list));
	}
	if (cell->state >= GRID_UNDECLARED) {
		sentence_append(
			text, size, "; for example flow %" PRIu64, cell->flow_id);
	}
}

static void print_cells(
	const struct grid *grid, enum grid_state state, FILE *out, bool use_colour)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(grid, &count);
	if (grid_count(grid, state) == 0) {
		return;
	}
	(void)fputc('\n', out);
	print_sign(state, out, use_colour);
	(void)fprintf(out, " %s\n", grid_state_text(state));
	for (size_t i = 0; i < count; i++) {
		if (cells[i].state == state) {
			char from[NAME_BYTES];
			char to[NAME_BYTES];
			char words[900];
			char line[1300];
			cell_words(&cells[i], words, sizeof(words));
			(void)snprintf(line, sizeof(line), "%s -> %s: %s",
				grid_end_name(grid, cells[i].from, from),
				grid_end_name(grid, cells[i].to, to), words);
			(void)fputs("  ", out);
			columns_wrap(out, line, 2, 4);
		}
	}
}

void grid_print_text(const struct grid *grid, FILE *out, bool use_colour)
{
	print_counts(grid, out, use_colour);
	print_table(grid, out, use_colour);
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		print_cells(grid, ORDER[i], out, use_colour);
	}
}

/* A bar would end the cell. */
static void put_markdown(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '|' || *text == '\\') {
			(void)fputc('\\', out);
		}
		(void)fputc(*text, out);
	}
}

static void print_markdown_line(
	const struct grid *grid, const struct grid_cell *cell, FILE *out)
{
	char name[NAME_BYTES];
	char words[900];
	(void)fprintf(out, "| `%c` | ", grid_sign(cell->state));
	put_markdown(grid_end_name(grid, cell->from, name), out);
	(void)fputs(" | ", out);
	put_markdown(grid_end_name(grid, cell->to, name), out);
	(void)fprintf(out, " | %s | ", grid_state_text(cell->state));
	cell_words(cell, words, sizeof(words));
	put_markdown(words, out);
	(void)fputs(" |\n", out);
}

static void print_markdown_state(
	const struct grid *grid, enum grid_state state, FILE *out)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(grid, &count);
	for (size_t i = 0; i < count; i++) {
		if (cells[i].state == state) {
			print_markdown_line(grid, &cells[i], out);
		}
	}
}

void grid_print_markdown(const struct grid *grid, FILE *out)
{
	(void)fputs("| | from | to | state | what |\n|---|---|---|---|---|\n", out);
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		print_markdown_state(grid, ORDER[i], out);
	}
}

/* Quoted always; behind an apostrophe what would be a formula. */
static void put_csv(const char *text, FILE *out)
{
	const bool is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]);
	(void)fputs(is_formula ? "\"'" : "\"", out);
	for (; *text; text++) {
		(void)fputs(*text == '"' ? "\"" : "", out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

void grid_print_csv(const struct grid *grid, FILE *out)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(grid, &count);
	(void)fputs("from,to,state,rows,row,flows,allowed,undecided,undeclared,"
		    "forbidden,tls_flows,last,protocols,reasons\r\n",
		out);
	for (size_t i = 0; i < count; i++) {
		const struct grid_cell *cell = &cells[i];
		char name[NAME_BYTES];
		char list[SENTENCE_LIST_BYTES];
		char date[DATE_BYTES];
		put_csv(grid_end_name(grid, cell->from, name), out);
		(void)fputc(',', out);
		put_csv(grid_end_name(grid, cell->to, name), out);
		(void)fprintf(out, ",%s,%" PRIu32 ",", grid_state_word(cell->state),
			cell->rows);
		put_csv(cell->row ? cell->row->id : "", out);
		(void)fprintf(out, ",%" PRIu64, grid_flows(cell));
		for (int j = 0; j < HELD_STANDINGS; j++) {
			(void)fprintf(out, ",%" PRIu64, cell->flows[j]);
		}
		(void)fprintf(out, ",%" PRIu64 ",%s,", cell->encrypted,
			cell->last_us ? date_text(cell->last_us, date) : "");
		put_csv(sentence_protocols(cell->protocols, "and", list), out);
		(void)fputc(',', out);
		put_csv(reasons_text(cell->reasons, list), out);
		(void)fputs("\r\n", out);
	}
}

static void write_protocols(struct json_writer *writer, uint32_t protocols)
{
	json_array_open(writer, "protocols");
	for (; protocols; protocols &= protocols - 1) {
		json_text(writer, NULL,
			protocol_name((enum protocol)__builtin_ctz(protocols)));
	}
	json_array_close(writer);
}

static void write_reasons(struct json_writer *writer, uint64_t reasons)
{
	json_array_open(writer, "reasons");
	for (; reasons; reasons &= reasons - 1) {
		const int finding = __builtin_ctzll(reasons);
		json_text(writer, NULL, finding_row((enum finding)finding)->id);
	}
	json_array_close(writer);
}

static void write_cell(struct json_writer *writer, const struct grid *grid,
	const struct grid_cell *cell)
{
	char name[NAME_BYTES];
	json_object_open(writer, NULL);
	json_text(writer, "from", grid_end_name(grid, cell->from, name));
	json_text(writer, "to", grid_end_name(grid, cell->to, name));
	json_text(writer, "state", grid_state_word(cell->state));
	json_number(writer, "rows", cell->rows);
	if (cell->row) {
		json_text(writer, "row", cell->row->id);
	}
	json_number(writer, "flows", grid_flows(cell));
	json_number(writer, "allowed", cell->flows[HELD_ALLOWED]);
	json_number(writer, "undecided", cell->flows[HELD_OPEN]);
	json_number(writer, "undeclared", cell->flows[HELD_UNDECLARED]);
	json_number(writer, "forbidden", cell->flows[HELD_FORBIDDEN]);
	json_number(writer, "tls_flows", cell->encrypted);
	if (cell->last_us > 0) {
		json_time(writer, "last", cell->last_us);
		write_protocols(writer, cell->protocols);
	}
	if (cell->state >= GRID_UNDECLARED) {
		json_number(writer, "flow_id", cell->flow_id);
		write_reasons(writer, cell->reasons);
	}
	json_object_close(writer);
}

void grid_print_json(const struct grid *grid, FILE *out)
{
	struct json_writer writer = {.out = out};
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(grid, &count);
	json_object_open(&writer, NULL);
	json_object_open(&writer, "count");
	for (size_t i = 0; i < ORDER_COUNT; i++) {
		json_number(
			&writer, grid_state_word(ORDER[i]), grid_count(grid, ORDER[i]));
	}
	json_object_close(&writer);
	json_array_open(&writer, "cells");
	for (size_t i = 0; i < count; i++) {
		write_cell(&writer, grid, &cells[i]);
	}
	json_array_close(&writer);
	json_object_close(&writer);
	json_line_end(&writer);
}
