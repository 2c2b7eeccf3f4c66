#include "audit/dmarc_told.h"
#include "base/columns.h"

#include <inttypes.h>
#include <time.h>

static const char *const HEADINGS[DMARC_CLASSES] = {
	[DMARC_CLASS_RELAY] =
		"Undeclared relays: the domain's SPF lets them send, the matrix does "
		"not",
	[DMARC_CLASS_SIGNER] =
		"Undeclared signers: they have the domain's key, or forward what it "
		"signed (--forwarder)",
	[DMARC_CLASS_DECLARED] = "Declared",
	[DMARC_CLASS_FORWARDER] = "Forwarders, as declared",
	[DMARC_CLASS_FORWARDED] = "Forwarders and lists, as receivers say",
	[DMARC_CLASS_SPOOFING] =
		"From elsewhere, and passed nothing: forged, or changed on its way",
};

static void print_head(const struct dmarc_told *told, FILE *out)
{
	const struct dmarc_totals *totals = &told->totals;
	const struct tlsrpt_totals *tls = &told->tlsrpt->totals;
	columns_say(out, 4,
		"DMARC reports: %" PRIu64 ", messages: %" PRIu64
		". TLS reports: %" PRIu64 ", sessions: %" PRIu64
		". Given before: %" PRIu64 ".\n",
		totals->reports, totals->messages, tls->reports,
		tls->succeeded + tls->failed, totals->repeated);
	if (totals->rows_bad + totals->rows_other + tls->rows_bad + tls->rows_other >
		0) {
		columns_say(out, 4,
			"Left out: %" PRIu64 " rows that lack what they are about, "
			"%" PRIu64 " of other domains.\n",
			totals->rows_bad + tls->rows_bad,
			totals->rows_other + tls->rows_other);
	}
	if (totals->lost_messages + tls->rows_lost > 0) {
		columns_say(out, 4,
			"Partial: no room for the sources of %" PRIu64
			" messages, and %" PRIu64 " times for a kind of failure.\n",
			totals->lost_messages, tls->rows_lost);
	}
}

/* Sources from first on, of one class; returns the first behind them. */
static uint32_t print_class(
	const struct dmarc_told *told, uint32_t first, bool is_all, FILE *out)
{
	char text[DMARC_DETAIL_BYTES];
	const enum dmarc_class class = dmarc_class(told->sources[first]);
	uint32_t at = first;
	uint64_t messages = 0; /* of those that are not shown */
	columns_say(out, 4, "\n%s\n", HEADINGS[class]);
	for (; at < told->dmarc->sources.count &&
		dmarc_class(told->sources[at]) == class;
		at++) {
		if (is_all || at - first < DMARC_SHOWN) {
			dmarc_source_text(told->sources[at], text);
			columns_say(out, 4, "  %s\n", text);
		} else {
			const struct dmarc_source *source = told->sources[at];
			messages += source->messages;
		}
	}
	if (messages > 0) {
		columns_say(out, 4,
			"  and %" PRIu32 " more with %" PRIu64 " messages (--all)\n",
			at - first - DMARC_SHOWN, messages);
	}
	return at;
}

static void print_tls(const struct dmarc_told *told, FILE *out)
{
	char text[DMARC_DETAIL_BYTES];
	if (told->tlsrpt->rows.count > 0) {
		columns_say(out, 4, "\nTLS towards these domains, as senders report\n");
	}
	for (uint32_t i = 0; i < told->tlsrpt->rows.count; i++) {
		const struct tlsrpt_row *row = told->rows[i];
		tlsrpt_row_text(row, text);
		columns_say(
			out, 6, "%s%s\n", row->key.failure == 0 ? "  " : "    ", text);
	}
}

void dmarc_told_text(const struct dmarc_told *told, bool is_all, FILE *out)
{
	print_head(told, out);
	for (uint32_t at = 0; at < told->dmarc->sources.count;) {
		at = print_class(told, at, is_all, out);
	}
	print_tls(told, out);
}
