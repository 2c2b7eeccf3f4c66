/*
 * dossier/digest - what of a span of time is news: for a mail that is read every week.
 *
 * In: the report of a span and that of the span before, on the same observed matrix. Out:
 * what of it is to be told: verdicts that changed, senders and cells that were never there
 * before, rows that fell silent or end, certificates that end, what receivers report for the
 * first time. What was already so is no news, but for what ends soon. Pure: no I/O, no clock.
 */
#pragma once

#include "dossier/dossier.h"

struct digest {
	const struct dossier *now; /* both are finished and have a span */
	const struct dossier *before;
};

enum digest_row {
	DIGEST_ROW_NONE = 0, /* no news */
	DIGEST_ROW_SILENT,   /* used in the span before, and not in this one */
	DIGEST_ROW_ENDED,    /* in this span */
	DIGEST_ROW_ENDING,   /* within 30 days */
};

/* Not one flow, nor an attempt: then nothing else of flows is told. */
bool digest_is_silent(const struct digest *digest);

/* All that was ever seen is of this span. */
bool digest_is_first(const struct digest *digest);

bool digest_is_verdict_changed(
	const struct digest *digest, enum conformity_subject subject);
bool digest_is_sender_new(
	const struct digest *digest, const struct dossier_offender *offender);
bool digest_is_cell_new(const struct digest *digest, const struct grid_cell *cell);
enum digest_row digest_row(const struct digest *digest, const struct dossier_row *use);
bool digest_is_certificate_ending(
	const struct digest *digest, const struct dossier_server *server);

/* Told of in this span, and never before. */
bool digest_is_claim_new(
	const struct digest *digest, const struct reported_claim *claim);

/* There is something to tell. */
bool digest_has_news(const struct digest *digest);
