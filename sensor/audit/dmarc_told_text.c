#include "audit/dmarc_told.h"
#include "base/columns.h"
#include "dossier/page.h"

/* One form, in one language. */
struct telling {
	const struct dmarc_told *told;
	enum texts_language language;
	bool is_all;
	FILE *out;
};

static const enum text_id HEADINGS[DMARC_CLASSES] = {
	[DMARC_CLASS_RELAY] = TEXT_REPORTED_RELAY,
	[DMARC_CLASS_SIGNER] = TEXT_REPORTED_SIGNER,
	[DMARC_CLASS_DECLARED] = TEXT_REPORTED_DECLARED,
	[DMARC_CLASS_FORWARDER] = TEXT_REPORTED_FORWARDER,
	[DMARC_CLASS_FORWARDED] = TEXT_REPORTED_FORWARDED,
	[DMARC_CLASS_SPOOFING] = TEXT_REPORTED_SPOOFING,
};

static void say(const struct telling *telling, const char *front, enum text_id id,
	const uint64_t *numbers, size_t count)
{
	char texts[5][PAGE_NUMBER_BYTES];
	const char *values[5];
	struct text_filled filled;
	for (size_t i = 0; i < count; i++) {
		values[i] = page_number(numbers[i], texts[i]);
	}
	columns_say(telling->out, 4, "%s%s\n", front,
		texts_fill(texts_of(telling->language, id), values, &filled));
}

static void print_head(const struct telling *telling)
{
	const struct dmarc_totals *totals = &telling->told->totals;
	const struct tlsrpt_totals *tls = &telling->told->tlsrpt->totals;
	const uint64_t head[] = {totals->reports, totals->messages, tls->reports,
		tls->succeeded + tls->failed, totals->repeated};
	const uint64_t left_out[] = {
		totals->rows_bad + tls->rows_bad, totals->rows_other + tls->rows_other};
	const uint64_t lost[] = {totals->lost_messages, tls->rows_lost};
	say(telling, "", TEXT_REPORTED_HEAD, head, 5);
	if (left_out[0] + left_out[1] > 0) {
		say(telling, "", TEXT_REPORTED_LEFT_OUT, left_out, 2);
	}
	if (lost[0] + lost[1] > 0) {
		say(telling, "", TEXT_REPORTED_PARTIAL, lost, 2);
	}
}

/* Sources from first on, of one class; returns the first behind them. */
static uint32_t print_class(const struct telling *telling, uint32_t first)
{
	struct text_filled filled;
	const struct dmarc_told *told = telling->told;
	const enum dmarc_class class = dmarc_class(told->sources[first]);
	uint32_t at = first;
	uint64_t more[] = {0, 0}; /* sources that are not shown, and their messages */
	say(telling, "\n", HEADINGS[class], NULL, 0);
	for (; at < told->dmarc->sources.count &&
		dmarc_class(told->sources[at]) == class;
		at++) {
		const struct dmarc_source *source = told->sources[at];
		if (telling->is_all || at - first < DMARC_SHOWN) {
			columns_say(telling->out, 4, "  %s\n",
				dmarc_source_text(source, telling->language, &filled));
		} else {
			more[0]++;
			more[1] += source->messages;
		}
	}
	if (more[0] > 0) {
		say(telling, "  ", TEXT_REPORTED_MORE, more, 2);
	}
	return at;
}

static void print_tls(const struct telling *telling)
{
	struct text_filled filled;
	const struct tlsrpt *tlsrpt = telling->told->tlsrpt;
	if (tlsrpt->rows.count > 0) {
		say(telling, "\n", TEXT_REPORTED_TLS, NULL, 0);
	}
	for (uint32_t i = 0; i < tlsrpt->rows.count; i++) {
		const struct tlsrpt_row *row = telling->told->rows[i];
		columns_say(telling->out, 6, "%s%s\n",
			row->key.failure == 0 ? "  " : "    ",
			tlsrpt_row_text(row, telling->language, &filled));
	}
}

void dmarc_told_text(const struct dmarc_told *told, bool is_all,
	enum texts_language language, FILE *out)
{
	const struct telling telling = {told, language, is_all, out};
	print_head(&telling);
	for (uint32_t at = 0; at < told->dmarc->sources.count;) {
		at = print_class(&telling, at);
	}
	print_tls(&telling);
}
