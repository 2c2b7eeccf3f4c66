#include "dossier/page_digest.h"

#include "matrix/expiry.h"

#include <inttypes.h>

#define LINES_MOST 5 /* of most sections: all of it is to fit on a screen */
#define US_PER_S   UINT64_C(1000000)

struct section {
	struct page *page;
	const struct digest *digest;
	size_t count; /* of it, those that find no room among them */
	size_t most;
};

static const char *day_of(uint64_t time_us, char text[PAGE_TIME_BYTES])
{
	return page_day((int64_t)(time_us / US_PER_S), text);
}

/* The heading and the columns come with the first line. False: there is no room for it. */
static bool open_line(struct section *section, enum text_id title)
{
	static const enum text_id HEADS[] = {
		TEXT_DIGEST_WHO, TEXT_DIGEST_WHAT, TEXT_COUNT};
	if (section->count == 0) {
		page_heading(section->page, 2, title);
		page_table(section->page, HEADS);
	}
	return section->count++ < section->most;
}

static void close_section(struct section *section)
{
	char number[PAGE_NUMBER_BYTES];
	if (section->count > 0) {
		page_table_end(section->page);
	}
	if (section->count > section->most) {
		const char *const more =
			page_number(section->count - section->most, number);
		page_fill(section->page, TEXT_DIGEST_MORE, &more);
	}
	section->count = 0;
	section->most = LINES_MOST;
}

static void write_verdicts(struct section *section)
{
	struct page *page = section->page;
	const struct digest *digest = section->digest;
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		const enum conformity_subject subject = (enum conformity_subject)i;
		if (!digest_is_verdict_changed(digest, subject) ||
			!open_line(section, TEXT_DIGEST_VERDICTS)) {
			continue;
		}
		const enum conformity_verdict now =
			conformity_verdict(digest->now->conformity, subject);
		const char *const values[] = {page_verdict(page, now),
			page_verdict(
				page, conformity_verdict(
					      digest->before->conformity, subject))};
		page_cell(page, "%s", page_subject(page, subject));
		page_cell_fill(page, TEXT_DIGEST_VERDICT, values);
		page_mark(page, page_verdict_mark(now));
		page_row(page);
	}
	close_section(section);
}

static void write_sender(struct page *page, const struct dossier_offender *offender)
{
	char address[ADDRESS_TEXT_BYTES];
	char flows[PAGE_NUMBER_BYTES];
	char since[PAGE_TIME_BYTES];
	char reasons[PAGE_CELL_BYTES];
	const char *host = observed_is_folded(&offender->client)
				   ? page_text(page, TEXT_INTERNET_HOSTS)
				   : address_text(&offender->client, address);
	const char *const values[] = {offender->group ? offender->group : "-",
		day_of(offender->first_us, since), page_number(offender->flows, flows),
		page_reasons(offender->reasons, reasons)};
	if (offender->name[0]) {
		page_cell(page, "%s (%s)", host, offender->name);
	} else {
		page_cell(page, "%s", host);
	}
	page_cell_fill(page, TEXT_DIGEST_SENDER, values);
	page_row(page);
}

static void write_senders(struct section *section)
{
	const struct dossier *now = section->digest->now;
	for (size_t i = 0; i < now->offender_total; i++) {
		const struct dossier_offender *offender = &now->offenders[i];
		if (digest_is_sender_new(section->digest, offender) &&
			open_line(section, TEXT_DIGEST_SENDERS)) {
			write_sender(section->page, offender);
		}
	}
	close_section(section);
}

static void write_cell(struct page *page, const struct grid_cell *cell)
{
	char from[SENTENCE_END_BYTES];
	char to[SENTENCE_END_BYTES];
	char protocols[PAGE_CELL_BYTES];
	char since[PAGE_TIME_BYTES];
	const char *const values[] = {page_state(page, cell->state),
		day_of(cell->since_us, since),
		page_protocols(cell->protocols, protocols)};
	page_cell(page, "%s -> %s", page_end_name(page, cell->from, from),
		page_end_name(page, cell->to, to));
	page_cell_fill(page, TEXT_DIGEST_CELL, values);
	page_mark(page, page_state_mark(cell->state));
	page_row(page);
}

static void write_cells_of(struct section *section, enum grid_state state)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(section->digest->now->grid, &count);
	for (size_t i = 0; i < count; i++) {
		if (cells[i].state == state &&
			digest_is_cell_new(section->digest, &cells[i]) &&
			open_line(section, TEXT_DIGEST_CELLS)) {
			write_cell(section->page, &cells[i]);
		}
	}
}

/* The gravest first. */
static void write_cells(struct section *section)
{
	write_cells_of(section, GRID_FORBIDDEN);
	write_cells_of(section, GRID_UNDECLARED);
	write_cells_of(section, GRID_USED);
	close_section(section);
}

static void write_row(
	struct page *page, const struct dossier_row *use, enum digest_row news)
{
	static const enum text_id TEXTS[] = {
		[DIGEST_ROW_NONE] = TEXT_NONE,
		[DIGEST_ROW_SILENT] = TEXT_DIGEST_ROW_SILENT,
		[DIGEST_ROW_ENDED] = TEXT_DIGEST_ROW_ENDED,
		[DIGEST_ROW_ENDING] = TEXT_DIGEST_ROW_ENDING,
	};
	char day[PAGE_TIME_BYTES];
	const int64_t last_day_s = use->row->expires_s - MATRIX_EXPIRY_DAY_S;
	const char *const value = news == DIGEST_ROW_SILENT ? day_of(use->last_us, day)
							    : page_day(last_day_s, day);
	page_cell(page, "%s (%s -> %s)", use->row->id,
		sentence_end_name(&use->row->from), sentence_end_name(&use->row->to));
	page_cell_fill(page, TEXTS[news], &value);
	page_mark(page, news == DIGEST_ROW_ENDED ? PAGE_MARK_BAD : PAGE_MARK_UNKNOWN);
	page_row(page);
}

static void write_rows_of(struct section *section, enum digest_row news)
{
	const struct dossier *now = section->digest->now;
	for (size_t i = 0; i < now->row_count; i++) {
		if (digest_row(section->digest, &now->rows[i]) == news &&
			open_line(section, TEXT_DIGEST_ROWS)) {
			write_row(section->page, &now->rows[i], news);
		}
	}
}

/* What is over first. */
static void write_rows(struct section *section)
{
	write_rows_of(section, DIGEST_ROW_ENDED);
	write_rows_of(section, DIGEST_ROW_ENDING);
	write_rows_of(section, DIGEST_ROW_SILENT);
	close_section(section);
}

static void write_certificate(
	struct section *section, const struct dossier_server *server)
{
	struct page *page = section->page;
	char day[PAGE_TIME_BYTES];
	char days[PAGE_NUMBER_BYTES];
	char text[ADDRESS_TEXT_BYTES];
	const int64_t now_s = (int64_t)(section->digest->now->span.until_us / US_PER_S);
	const bool is_ipv4 = address_is_ipv4(&server->server);
	const bool is_over = server->certificate_end_s <= now_s;
	(void)snprintf(days, sizeof(days), "%" PRId64,
		matrix_expiry_days(server->certificate_end_s, now_s));
	const char *const values[] = {page_day(server->certificate_end_s, day), days};
	page_cell(page, is_ipv4 ? "%s:%u%s%s" : "[%s]:%u%s%s",
		address_text(&server->server, text), server->port,
		server->name[0] ? " " : "", server->name);
	page_cell_fill(page, is_over ? TEXT_CERTIFICATE_OVER : TEXT_DIGEST_CERTIFICATE,
		values);
	page_mark(page, is_over ? PAGE_MARK_BAD : PAGE_MARK_UNKNOWN);
	page_row(page);
}

static void write_certificates(struct section *section)
{
	const struct dossier *now = section->digest->now;
	for (size_t i = 0; i < now->server_total; i++) {
		if (digest_is_certificate_ending(section->digest, &now->servers[i]) &&
			open_line(section, TEXT_DIGEST_CERTIFICATES)) {
			write_certificate(section, &now->servers[i]);
		}
	}
	close_section(section);
}

static void write_sender_reported(
	struct page *page, const struct reported_sender *sender)
{
	char address[ADDRESS_TEXT_BYTES];
	char messages[PAGE_NUMBER_BYTES];
	char aligned[PAGE_NUMBER_BYTES];
	const char *const values[] = {sender->domain, finding_row(sender->finding)->id,
		page_number(sender->messages, messages),
		page_number(sender->aligned, aligned)};
	page_cell(page, sender->group ? "%s (%s)" : "%s",
		address_text(&sender->source, address), sender->group);
	page_mark(page, PAGE_MARK_CODE);
	page_cell_fill(page, TEXT_REPORTED_NEWS_SENDER, values);
	page_mark(page, PAGE_MARK_BAD);
	page_row(page);
}

static void write_policy_reported(
	struct page *page, const struct reported_policy *policy)
{
	char failed[PAGE_NUMBER_BYTES];
	char all[PAGE_NUMBER_BYTES];
	const char *const values[] = {page_number(policy->failed, failed),
		page_number(policy->succeeded + policy->failed, all)};
	page_cell(page, "%s (%s)", policy->domain, policy->policy);
	page_cell_fill(page, TEXT_REPORTED_NEWS_POLICY, values);
	page_mark(page, PAGE_MARK_BAD);
	page_row(page);
}

static void write_spoofing(struct page *page, const struct digest *digest)
{
	char numbers[2][PAGE_NUMBER_BYTES];
	const uint64_t now = digest->now->reported.messages[REPORTED_SPOOFING];
	const uint64_t before = digest->before->reported.messages[REPORTED_SPOOFING];
	const char *const values[] = {
		page_number(now, numbers[0]), page_number(before, numbers[1])};
	if (now + before > 0) {
		page_fill(page, TEXT_REPORTED_NEWS_SPOOFING, values);
	}
}

/* Forged mail is no news by itself: a number, where there is any. */
static void write_reported(struct section *section)
{
	const struct reported *reported = &section->digest->now->reported;
	for (size_t i = 0; i < reported->sender_count; i++) {
		const struct reported_sender *sender = &reported->senders[i];
		if (digest_is_claim_new(section->digest, &sender->claim) &&
			open_line(section, TEXT_REPORTED_NEWS)) {
			write_sender_reported(section->page, sender);
		}
	}
	for (size_t i = 0; i < reported->policy_count; i++) {
		const struct reported_policy *policy = &reported->policies[i];
		if (digest_is_claim_new(section->digest, &policy->claim) &&
			open_line(section, TEXT_REPORTED_NEWS)) {
			write_policy_reported(section->page, policy);
		}
	}
	close_section(section);
	if (reported->unkept > 0) {
		char number[PAGE_NUMBER_BYTES];
		const char *const values[] = {page_number(reported->unkept, number)};
		page_fill(section->page, TEXT_REPORTED_UNKEPT, values);
	}
	write_spoofing(section->page, section->digest);
}

static void write_head(struct page *page, const struct digest *digest)
{
	char times[2][PAGE_TIME_BYTES];
	char numbers[2][PAGE_NUMBER_BYTES];
	const struct dossier_span *span = &digest->now->span;
	const char *const values[] = {page_time(span->from_us, times[0]),
		page_time(span->until_us, times[1]),
		page_number(digest->now->sight.reach.flows, numbers[0]),
		page_number(digest->before->sight.reach.flows, numbers[1])};
	page_fill(page, TEXT_DIGEST_SPAN, values);
	if (digest_is_silent(digest)) {
		const char *const last =
			page_time(digest->now->sight.last_us, times[0]);
		page_fill(page, TEXT_DIGEST_SILENT, &last);
	} else if (digest_is_first(digest)) {
		page_paragraph(page, TEXT_DIGEST_FIRST);
	}
}

void page_write_digest(FILE *out, const struct digest *digest,
	const struct page_form *form, enum texts_language language)
{
	struct page page = {.out = out,
		.form = form,
		.language = language,
		.dossier = digest->now,
		.grid = digest->now->grid};
	struct section section = {
		.page = &page, .digest = digest, .most = CONFORMITY_SUBJECTS};
	form->begin(&page, page_text(&page, TEXT_DIGEST_TITLE));
	write_head(&page, digest);
	write_verdicts(&section);
	write_senders(&section);
	write_cells(&section);
	write_rows(&section);
	write_certificates(&section);
	write_reported(&section);
	page_end(&page);
}
