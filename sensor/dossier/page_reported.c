#include "dossier/page.h"

#include <inttypes.h>

#define US_PER_S   UINT64_C(1000000)
#define SHOWN_MOST 200 /* rows; what is more is in the JSON form */

static void cell_reporter(struct page *page, const struct reported_claim *claim)
{
	const char *const reporter = claim->reporter[0]
					     ? claim->reporter
					     : page_text(page, TEXT_REPORTED_BY_NOBODY);
	if (claim->is_of_several) {
		page_cell_fill(page, TEXT_REPORTED_BY_SEVERAL, &reporter);
	} else {
		page_cell(page, "%s", reporter);
	}
}

static void cells_claim(struct page *page, const struct reported_claim *claim)
{
	char text[PAGE_TIME_BYTES];
	page_cell(page, "%s", page_day((int64_t)(claim->first_us / US_PER_S), text));
	page_cell(page, "%s", page_day((int64_t)(claim->last_us / US_PER_S), text));
	cell_reporter(page, claim);
}

static void write_counts(struct page *page)
{
	const struct reported *reported = &page->dossier->reported;
	char numbers[4][PAGE_NUMBER_BYTES];
	const char *const values[] = {page_number(reported->dmarc_reports, numbers[0]),
		page_number(reported->tls_reports, numbers[1]),
		page_number(reported->succeeded + reported->failed, numbers[2]),
		page_number(reported->failed, numbers[3])};
	page_fill(page, TEXT_REPORTED_COUNTS, values);
}

static void write_class(struct page *page, enum text_id id, uint64_t messages)
{
	page_cell_text(page, id);
	page_cell(page, "%" PRIu64, messages);
	page_row(page);
}

static void write_classes(struct page *page)
{
	static const enum text_id HEADS[] = {
		TEXT_REPORTED_CLASS, TEXT_REPORTED_MESSAGES, TEXT_COUNT};
	static const enum text_id CLASSES[REPORTED_CLASSES] = {
		[REPORTED_DECLARED] = TEXT_REPORTED_DECLARED,
		[REPORTED_RELAY] = TEXT_REPORTED_RELAY,
		[REPORTED_SIGNER] = TEXT_REPORTED_SIGNER,
		[REPORTED_FORWARDER] = TEXT_REPORTED_FORWARDER,
		[REPORTED_FORWARDED] = TEXT_REPORTED_FORWARDED,
		[REPORTED_SPOOFING] = TEXT_REPORTED_SPOOFING,
	};
	const struct reported *reported = &page->dossier->reported;
	page_table(page, HEADS);
	for (int i = 0; i < REPORTED_CLASSES; i++) {
		write_class(page, CLASSES[i], reported->messages[i]);
	}
	if (reported->lost_messages > 0) {
		write_class(page, TEXT_REPORTED_LOST, reported->lost_messages);
	}
	page_table_end(page);
}

static void write_sender(struct page *page, const struct reported_sender *sender)
{
	char text[ADDRESS_TEXT_BYTES];
	const struct finding_row *row = finding_row(sender->finding);
	page_cell(page, sender->group ? "%s (%s)" : "%s",
		address_text(&sender->source, text), sender->group);
	page_cell(page, "%s", sender->domain);
	page_cell(page, "%s", page_severity(page, (uint8_t)row->severity));
	page_cell(page, "%s", row->id);
	page_cell(page, "%" PRIu64, sender->messages);
	page_cell(page, "%" PRIu64, sender->aligned);
	cells_claim(page, &sender->claim);
	page_row(page);
}

static void write_listed(struct page *page, size_t count)
{
	char numbers[2][PAGE_NUMBER_BYTES];
	const char *const values[] = {
		page_number(SHOWN_MOST, numbers[0]), page_number(count, numbers[1])};
	if (count > SHOWN_MOST) {
		page_fill(page, TEXT_LISTED, values);
	}
}

static void write_remedy(struct page *page, enum finding finding)
{
	page_say(page, "%s%s%s", finding_row(finding)->id, page_text(page, TEXT_COLON),
		texts_finding_remedy(page->language, finding));
}

/* The gravest come first: each kind is told once, with what mends it. */
static void write_remedies(struct page *page)
{
	const struct reported *reported = &page->dossier->reported;
	for (size_t i = 0; i < reported->sender_count; i++) {
		const enum finding finding = reported->senders[i].finding;
		if (i == 0 || finding != reported->senders[i - 1].finding) {
			write_remedy(page, finding);
		}
	}
}

static void write_number(struct page *page, enum text_id id, uint64_t count)
{
	char number[PAGE_NUMBER_BYTES];
	const char *const value = page_number(count, number);
	if (count > 0) {
		page_fill(page, id, &value);
	}
}

static void write_senders(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_HOST, TEXT_REPORTED_DOMAIN,
		TEXT_SEVERITY, TEXT_FINDING, TEXT_REPORTED_MESSAGES,
		TEXT_REPORTED_ALIGNED, TEXT_FIRST, TEXT_LAST, TEXT_REPORTED_BY,
		TEXT_COUNT};
	const struct reported *reported = &page->dossier->reported;
	page_heading(page, 3, TEXT_REPORTED_SENDERS);
	if (reported->sender_count == 0) {
		page_paragraph(page, TEXT_REPORTED_SENDERS_NONE);
	} else {
		page_table(page, HEADS);
		for (size_t i = 0; i < reported->sender_count && i < SHOWN_MOST; i++) {
			write_sender(page, &reported->senders[i]);
		}
		page_table_end(page);
		write_listed(page, reported->sender_count);
		write_remedies(page);
	}
	write_number(page, TEXT_REPORTED_DECLARED_NOW, reported->declared);
	write_number(page, TEXT_REPORTED_UNKEPT, reported->unkept);
}

static void write_policy(struct page *page, const struct reported_policy *policy)
{
	page_cell(page, "%s", policy->domain);
	page_cell(page, "%s", policy->policy);
	page_cell(page, "%" PRIu64, policy->succeeded);
	page_cell(page, "%" PRIu64, policy->failed);
	cells_claim(page, &policy->claim);
	page_row(page);
}

static void write_policies(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_REPORTED_DOMAIN, TEXT_REPORTED_POLICY,
		TEXT_REPORTED_SUCCEEDED, TEXT_REPORTED_FAILED, TEXT_FIRST, TEXT_LAST,
		TEXT_REPORTED_BY, TEXT_COUNT};
	const struct reported *reported = &page->dossier->reported;
	if (reported->policy_count == 0) {
		return;
	}
	page_heading(page, 3, TEXT_REPORTED_POLICIES);
	page_table(page, HEADS);
	for (size_t i = 0; i < reported->policy_count && i < SHOWN_MOST; i++) {
		write_policy(page, &reported->policies[i]);
	}
	page_table_end(page);
	write_listed(page, reported->policy_count);
	write_remedy(page, FINDING_AUDIT_TLS_FAILING);
}

void page_reported(struct page *page)
{
	const struct reported *reported = &page->dossier->reported;
	if (reported->runs == 0) {
		return;
	}
	page_heading(page, 2, TEXT_REPORTED);
	page_paragraph(page, TEXT_REPORTED_ABOUT);
	write_counts(page);
	if (reported->dmarc_reports > 0) {
		write_classes(page);
		write_senders(page);
	}
	write_policies(page);
}
