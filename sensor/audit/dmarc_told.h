/*
 * audit/dmarc_told - what reports tell, in words, as JSON and as records of the journal.
 *
 * In: what was added up (audit/dmarc, audit/tlsrpt). Texts of strangers are fit to print:
 * who took them in saw to it.
 */
#pragma once

#include "audit/tlsrpt.h"
#include "dossier/texts.h"
#include "report/json_sensor.h"

#include <stdio.h>

#define DMARC_SHOWN      20  /* sources of a class, unless all are asked for */
#define DMARC_ALERTS_MAX 100 /* of a run; what is more is a number in the last */

/* Sorted once, for all that is made of it. */
struct dmarc_told {
	const struct dmarc *dmarc;
	const struct tlsrpt *tlsrpt;
	const void **sources; /* struct dmarc_source */
	const void **rows;    /* struct tlsrpt_row */
	struct dmarc_totals totals;
};

/* False: no memory. */
bool dmarc_told_start(struct dmarc_told *told, const struct dmarc *dmarc,
	const struct tlsrpt *tlsrpt);
void dmarc_told_free(struct dmarc_told *told);

/* What --exit-code asks: somebody sends or signs as the domain and is not declared, or TLS fails. */
bool dmarc_told_is_at_fault(const struct dmarc_told *told);

/* "203.0.113.9 as example.org: messages 120, aligned 120 (SPF 120, DKIM 0), ..." */
const char *dmarc_source_text(const struct dmarc_source *source,
	enum texts_language language, struct text_filled *filled);
const char *tlsrpt_row_text(const struct tlsrpt_row *row, enum texts_language language,
	struct text_filled *filled);

/* The same as members of an object that is open. */
void dmarc_source_json(struct json_writer *json, const struct dmarc_source *source);
void tlsrpt_row_json(struct json_writer *json, const struct tlsrpt_row *row);

void dmarc_told_text(const struct dmarc_told *told, bool is_all,
	enum texts_language language, FILE *out);

/* An object for each source and row of TLS, a last one with "totals". */
void dmarc_told_json(const struct dmarc_told *told, FILE *out);

/*
 * A `sensor` record for each undeclared sender (key "dmarc") and each policy whose TLS fails
 * (key "tlsrpt"), then one of `stats`. next: the stream for one more record; event: of the first, it is counted on.
 */
void dmarc_told_records(const struct dmarc_told *told, FILE *(*next)(void *context),
	void *context, const struct json_event *event);
