/*
 * dossier/page - a report as headings, paragraphs and tables, in whatever form.
 *
 * In: a finished report, a form, a language. Out: all sections in their order to the form,
 * which escapes what it is given: every text is of unknown origin, though free of controls
 * and of marks that turn the direction of writing. The order of sections and the words are
 * decided here, once for all forms.
 */
#pragma once

#include "dossier/dossier.h"
#include "dossier/texts.h"
#include "matrix/sentence.h"

#include <stdio.h>

#define PAGE_CELLS      10
#define PAGE_CELL_BYTES 400 /* longer texts are cut, and show it */

/* What a cell means beside its words: colour where there is any, never alone. */
enum page_mark {
	PAGE_MARK_NONE = 0,
	PAGE_MARK_GOOD,
	PAGE_MARK_BAD,
	PAGE_MARK_UNKNOWN,
	PAGE_MARK_ACCEPTED,
	/* of a head, for its column: words that may break anywhere, on paper; no narrow one */
	PAGE_MARK_CODE,
	PAGE_MARK_NAME,
	PAGE_MARK_ROOM,
};

struct page_cells {
	char text[PAGE_CELLS][PAGE_CELL_BYTES];
	enum page_mark mark[PAGE_CELLS];
	size_t count;
};

struct page;
struct page_held;

struct page_form {
	void (*begin)(struct page *page, const char *title);
	void (*heading)(struct page *page, unsigned level, const char *text);
	/* of the catalogues, with numbers at most: what is to be typed stands between ` */
	void (*paragraph)(struct page *page, const char *text);
	/* of these columns; rows follow, then the end */
	void (*table)(struct page *page, const struct page_cells *heads);
	void (*row)(struct page *page, const struct page_cells *cells);
	void (*table_end)(struct page *page);
	/* the grid of declared and seen; NULL: the form has no pictures */
	void (*picture)(struct page *page);
	void (*end)(struct page *page); /* NULL: nothing is behind the last section */
};

struct page {
	FILE *out; /* borrowed */
	const struct page_form *form;
	enum texts_language language;
	const struct dossier *dossier;
	const struct grid *grid; /* of the section at hand */
	enum text_id grid_title;
	struct page_cells heads; /* of the table at hand */
	struct page_cells cells; /* of the row at hand */
	/* of the form for terminals: */
	struct page_held *held; /* rows of the table at hand; or NULL */
	bool is_table_begun;
	bool is_line_owed; /* an empty one, before whatever comes next */
};

extern const struct page_form PAGE_TEXT;
extern const struct page_form PAGE_HTML;
extern const struct page_form PAGE_MARKDOWN;

void page_write(FILE *out, const struct dossier *dossier, const struct page_form *form,
	enum texts_language language);

/* For a page of other sections: its head; then the sections, then its end. */
void page_begin(struct page *page, const char *title);
void page_end(struct page *page);

/* The Content-Security-Policy that PAGE_HTML keeps: nothing is fetched, one style. */
#define PAGE_POLICY_BYTES 192
const char *page_html_policy(char text[PAGE_POLICY_BYTES]);

/* A finished report for programs, and for the next one to be held against. */
void page_write_json(FILE *out, const struct dossier *dossier);

/* One text of the page's language. */
const char *page_text(const struct page *page, enum text_id id);

/* The next cell of the row, or of the heads, at hand. */
void page_cell(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void page_cell_text(struct page *page, enum text_id id);
void page_mark(struct page *page, enum page_mark mark);
void page_row(struct page *page);

/* A table of these columns, as many as TEXT_COUNT ends. */
void page_table(struct page *page, const enum text_id *heads);
void page_table_end(struct page *page);

void page_heading(struct page *page, unsigned level, enum text_id id);
void page_paragraph(struct page *page, enum text_id id);
void page_say(struct page *page, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define PAGE_TIME_BYTES 32
/* "2026-11-24 08:05:10", and "2026-11-24"; "-" for 0. Return text. */
const char *page_time(uint64_t time_us, char text[PAGE_TIME_BYTES]);
const char *page_day(int64_t time_s, char text[PAGE_TIME_BYTES]);

#define PAGE_NUMBER_BYTES 24
const char *page_number(uint64_t number, char text[PAGE_NUMBER_BYTES]);

/* A text of the catalogue with its values, as a cell and as a paragraph. */
void page_cell_fill(struct page *page, enum text_id id, const char *const *values);
void page_fill(struct page *page, enum text_id id, const char *const *values);

/* "3 of 12 (25 %)": more than none and less than all are never rounded away. */
void page_cell_share(struct page *page, uint64_t part, uint64_t whole);

/* "2027-01-01 (31 days)", or when it ended. */
void page_cell_certificate(struct page *page, int64_t end_s, int64_t now_s);

/* Of the grid: "relay", "internal (no group)". */
const char *page_end_name(
	const struct page *page, size_t end, char text[SENTENCE_END_BYTES]);
const char *page_state(const struct page *page, enum grid_state state);
enum page_mark page_state_mark(enum grid_state state);

/* "sender.illegitimate, tls.missing", "smtp, imap"; "-" for none. Return text. */
const char *page_reasons(uint64_t reasons, char text[PAGE_CELL_BYTES]);
const char *page_protocols(uint32_t protocols, char text[PAGE_CELL_BYTES]);

/* "R37", "not observable" */
const char *page_subject(const struct page *page, enum conformity_subject subject);
const char *page_verdict(const struct page *page, enum conformity_verdict verdict);
enum page_mark page_verdict_mark(enum conformity_verdict verdict);

/* "critical"; "-" for what is none. */
const char *page_severity(const struct page *page, uint8_t severity);

/* The sections behind the verdicts. (page_views.c) most: cells that are listed, gravest first. */
struct page_grid {
	const struct grid *grid;
	enum text_id title;
	enum text_id about; /* TEXT_NONE: nothing */
	size_t most;
};
void page_grid(struct page *page, const struct page_grid *shown);
void page_offenders(struct page *page);
void page_servers(struct page *page);
void page_rows(struct page *page);
void page_change(struct page *page);
void page_days(struct page *page);

/* What receivers reported; nothing without records of it. (page_reported.c) */
void page_reported(struct page *page);
struct json_writer;
void page_json_reported(struct json_writer *writer, const struct reported *reported);
void page_method(struct page *page);

/* Private to dossier/: the verdicts with what is behind them. (page_verdicts.c) */
void page_verdicts(struct page *page);
void page_cell_row(struct page *page, const struct dossier_breach *breach);
