#include "dossier/page.h"
#include "matrix/acceptance.h"
#include "matrix/expiry.h"

#include <inttypes.h>

#define FINDINGS_MOST 25 /* of a recommendation, in forms for people */

/* Behind the recommendations: what counts against none of them. */
#define OTHERS CONFORMITY_SUBJECTS

static bool is_of(const struct dossier_breach *breach, enum conformity_subject subject)
{
	return subject == OTHERS ? breach->subjects == 0
				 : dossier_is_of(breach, subject);
}

const char *page_subject(const struct page *page, enum conformity_subject subject)
{
	return subject == CONFORMITY_EXPOSURE ? page_text(page, TEXT_EXPOSURE)
					      : conformity_name(subject);
}

static const struct {
	enum text_id text;
	enum page_mark mark;
} VERDICTS[] = {
	[CONFORMITY_NOT_OBSERVABLE] = {TEXT_NOT_OBSERVABLE, PAGE_MARK_UNKNOWN},
	[CONFORMITY_CONFORM] = {TEXT_CONFORM, PAGE_MARK_GOOD},
	[CONFORMITY_BREACHED] = {TEXT_BREACHED, PAGE_MARK_BAD},
	[CONFORMITY_ACCEPTED] = {TEXT_ACCEPTED, PAGE_MARK_ACCEPTED},
};

const char *page_verdict(const struct page *page, enum conformity_verdict verdict)
{
	return page_text(page, VERDICTS[verdict].text);
}

enum page_mark page_verdict_mark(enum conformity_verdict verdict)
{
	return VERDICTS[verdict].mark;
}

static void cell_verdict(struct page *page, enum conformity_verdict verdict)
{
	page_cell(page, "%s", page_verdict(page, verdict));
	page_mark(page, page_verdict_mark(verdict));
}

const char *page_severity(const struct page *page, uint8_t severity)
{
	static const enum text_id TEXTS[] = {
		[SEVERITY_NONE] = TEXT_NONE,
		[SEVERITY_CRITICAL] = TEXT_SEVERITY_CRITICAL,
		[SEVERITY_HIGH] = TEXT_SEVERITY_HIGH,
		[SEVERITY_MEDIUM] = TEXT_SEVERITY_MEDIUM,
		[SEVERITY_LOW] = TEXT_SEVERITY_LOW,
	};
	return page_text(page, severity <= SEVERITY_LOW ? TEXTS[severity] : TEXT_NONE);
}

static void write_summary(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_RECOMMENDATION, TEXT_VERDICT,
		TEXT_SEEN, TEXT_UNSEEN, TEXT_BREACHES, TEXT_NOTICES, TEXT_SUBJECT,
		TEXT_COUNT};
	const struct conformity *conformity = page->dossier->conformity;
	page_table(page, HEADS);
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		const enum conformity_subject subject = (enum conformity_subject)i;
		const struct conformity_line line =
			conformity_line(conformity, subject);
		page_cell(page, "%s", page_subject(page, subject));
		cell_verdict(page, conformity_verdict(conformity, subject));
		page_cell(page, "%" PRIu64, line.observed);
		page_cell(page, "%" PRIu64, conformity_unseen(&line));
		page_cell(page, "%" PRIu64, line.breaches);
		page_cell(page, "%" PRIu64, line.notices);
		page_cell(page, "%s",
			texts_of_subject(page->language, subject, TEXTS_ASKS));
		page_row(page);
	}
	page_table_end(page);
}

/* What was seen of it, and what of it was not. */
static void write_depth(struct page *page, const struct conformity_line *line)
{
	static const enum text_id UNSEEN[SEEN_COUNT] = {
		[SEEN_ONE_WAY] = TEXT_SEEN_ONE_WAY,
		[SEEN_NO_START] = TEXT_SEEN_NO_START,
		[SEEN_MISSING] = TEXT_SEEN_MISSING,
		[SEEN_NO_HELLO] = TEXT_SEEN_NO_HELLO,
		[SEEN_UNDECIDED] = TEXT_SEEN_UNDECIDED,
	};
	char numbers[2][PAGE_NUMBER_BYTES];
	page_cell_text(page, TEXT_WAS_SEEN);
	page_cell(page, "%" PRIu64, line->observed);
	page_row(page);
	for (int i = SEEN_ENOUGH + 1; i < SEEN_COUNT; i++) {
		const char *const values[] = {page_number(line->unseen[i], numbers[0]),
			page_text(page, UNSEEN[i])};
		if (line->unseen[i] > 0) {
			page_cell_text(page, TEXT_UNSEEN);
			page_cell_fill(page, TEXT_UNSEEN_VALUE, values);
			page_row(page);
		}
	}
	const char *const shown[] = {page_number(line->in_tls, numbers[0]),
		page_number(line->certificates, numbers[1])};
	if (line->in_tls > 0) {
		page_cell_text(page, TEXT_CERTIFICATE);
		page_cell_fill(page, TEXT_CERTIFICATES_VALUE, shown);
		page_row(page);
	}
}

/* R36: whether what comes from the Internet is ever turned away. */
static void write_policy(struct page *page)
{
	const struct conformity_policy policy =
		conformity_policy(page->dossier->conformity);
	char numbers[3][PAGE_NUMBER_BYTES];
	const char *const values[] = {page_number(policy.messages, numbers[0]),
		page_number(policy.refusals, numbers[1]),
		page_number(policy.deferrals, numbers[2])};
	if (!conformity_has_policy(&policy)) {
		return;
	}
	page_cell_text(page, TEXT_POLICY);
	page_cell_fill(page,
		policy.refusals + policy.deferrals > 0 ? TEXT_POLICY_VALUE
						       : TEXT_POLICY_NONE,
		values);
	page_row(page);
}

static const char *lack_text(const struct page *page, enum conformity_subject subject)
{
	switch (conformity_lack(page->dossier->conformity, subject)) {
	case CONFORMITY_LACK_SIGHT:
		return page_text(page, TEXT_LACK_SIGHT);
	case CONFORMITY_LACK_DEPTH:
		return page_text(page, TEXT_LACK_DEPTH);
	case CONFORMITY_LACK_ROOM:
		return page_text(page, TEXT_LACK_ROOM);
	default:
		return texts_of_subject(page->language, subject, TEXTS_NOT_SEEN);
	}
}

static void write_reach(struct page *page, enum conformity_subject subject)
{
	static const enum text_id HEADS[] = {TEXT_MEASURE, TEXT_VALUE, TEXT_COUNT};
	const struct conformity *conformity = page->dossier->conformity;
	const enum conformity_verdict verdict = conformity_verdict(conformity, subject);
	const struct conformity_line line = conformity_line(conformity, subject);
	page_table(page, HEADS);
	page_cell_text(page, TEXT_VERDICT);
	cell_verdict(page, verdict);
	page_row(page);
	if (verdict == CONFORMITY_NOT_OBSERVABLE) {
		page_cell_text(page, TEXT_WHY_NOT);
		page_cell(page, "%s", lack_text(page, subject));
		page_row(page);
	}
	page_cell_text(page, TEXT_MUST_BE_SEEN);
	page_cell(
		page, "%s", texts_of_subject(page->language, subject, TEXTS_MUST_SEE));
	page_row(page);
	write_depth(page, &line);
	if (subject == CONFORMITY_R36) {
		write_policy(page);
	}
	page_table_end(page);
}

void page_cell_row(struct page *page, const struct dossier_breach *breach)
{
	const char *const nearest = breach->nearest;
	if (breach->row) {
		page_cell(page, "%s", breach->row);
	} else if (nearest) {
		page_cell_fill(page, TEXT_ROW_NEAREST, &nearest);
	} else {
		page_cell_text(page, TEXT_ROW_NONE);
	}
}

static void write_breach(struct page *page, const struct dossier_breach *breach)
{
	char first[PAGE_TIME_BYTES];
	char last[PAGE_TIME_BYTES];
	page_cell(page, "%s", page_severity(page, breach->severity));
	page_cell(page, "%s", finding_row(breach->finding)->id);
	page_cell(page, "%s", texts_finding_title(page->language, breach->finding));
	page_cell_row(page, breach);
	page_cell(page, "%s", breach->from ? breach->from : "-");
	page_cell(page, "%s", breach->to ? breach->to : "-");
	page_cell(page, "%" PRIu64, breach->flows);
	page_cell(page, "%s", page_time(breach->first_us, first));
	page_cell(page, "%s", page_time(breach->last_us, last));
	page_row(page);
}

static void write_findings(struct page *page, enum conformity_subject subject)
{
	static const enum text_id HEADS[] = {TEXT_SEVERITY, TEXT_FINDING, TEXT_WHAT,
		TEXT_ROW_AT_FAULT, TEXT_FROM, TEXT_TO, TEXT_FLOWS, TEXT_FIRST,
		TEXT_LAST, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	size_t count = 0;
	char number[PAGE_NUMBER_BYTES];
	page_heading(page, 4, TEXT_FINDINGS);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->breach_count; i++) {
		if (is_of(&dossier->breaches[i], subject) && count++ < FINDINGS_MOST) {
			write_breach(page, &dossier->breaches[i]);
		}
	}
	page_table_end(page);
	if (count > FINDINGS_MOST) {
		const char *const more = page_number(count - FINDINGS_MOST, number);
		page_fill(page, TEXT_FINDINGS_MORE, &more);
	}
}

static void cell_end(struct page *page, const struct address *address, uint16_t port)
{
	char text[ADDRESS_TEXT_BYTES];
	const bool is_ipv4 = address_is_ipv4(address);
	if (observed_is_folded(address)) {
		page_cell_text(page, TEXT_INTERNET_HOSTS);
		return;
	}
	if (port == 0) { /* not in records, of what carries a tunnel */
		page_cell(page, "%s", address_text(address, text));
		return;
	}
	page_cell(
		page, is_ipv4 ? "%s:%u" : "[%s]:%u", address_text(address, text), port);
}

static void write_example(struct page *page, const struct dossier_breach *breach)
{
	char time[PAGE_TIME_BYTES];
	const struct dossier_example *example = &breach->example;
	page_cell(page, "%s", finding_row(breach->finding)->id);
	page_cell(page, "%s", page_time(example->time_us, time));
	cell_end(page, &example->client, example->client_port);
	cell_end(page, &example->server, example->server_port);
	page_cell(page, "%s", example->protocol);
	page_cell(page, "%s", example->source[0] ? example->source : "-");
	if (example->packet > 0) {
		page_cell(page, "%" PRIu64, example->packet);
	} else {
		page_cell(page, "%s", example->event_id[0] ? example->event_id : "-");
	}
	page_cell(page, "%" PRIu64, example->flow_id);
	page_cell(page, "%s", example->community_id[0] ? example->community_id : "-");
	page_row(page);
}

static void write_examples(struct page *page, enum conformity_subject subject)
{
	static const enum text_id HEADS[] = {TEXT_FINDING, TEXT_TIME, TEXT_CLIENT,
		TEXT_SERVER, TEXT_PROTOCOL, TEXT_CAPTURE, TEXT_PACKET, TEXT_FLOW_ID,
		TEXT_COMMUNITY_ID, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	size_t count = 0;
	page_heading(page, 4, TEXT_EXAMPLES);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->breach_count && count < DOSSIER_EXAMPLES; i++) {
		if (is_of(&dossier->breaches[i], subject)) {
			write_example(page, &dossier->breaches[i]);
			count++;
		}
	}
	page_table_end(page);
}

/* Of the recommendation, then of each finding once. */
static void write_remedies(struct page *page, enum conformity_subject subject)
{
	const struct dossier *dossier = page->dossier;
	uint64_t told = 0;
	page_heading(page, 4, TEXT_REMEDIES);
	if (subject != OTHERS) {
		page_say(page, "%s",
			texts_of_subject(page->language, subject, TEXTS_REMEDY));
	}
	for (size_t i = 0; i < dossier->breach_count; i++) {
		const struct dossier_breach *breach = &dossier->breaches[i];
		if (!is_of(breach, subject) ||
			(told & FINDING_BIT(breach->finding)) != 0) {
			continue;
		}
		told |= FINDING_BIT(breach->finding);
		page_say(page, "%s%s%s", finding_row(breach->finding)->id,
			page_text(page, TEXT_COLON),
			texts_finding_remedy(page->language, breach->finding));
	}
}

static bool has_findings(const struct dossier *dossier, enum conformity_subject subject)
{
	for (size_t i = 0; i < dossier->breach_count; i++) {
		if (is_of(&dossier->breaches[i], subject)) {
			return true;
		}
	}
	return false;
}

static void write_subject(struct page *page, enum conformity_subject subject)
{
	char heading[2 * PAGE_CELL_BYTES];
	(void)snprintf(heading, sizeof(heading), "%s. %s", page_subject(page, subject),
		texts_of_subject(page->language, subject, TEXTS_ASKS));
	page->form->heading(page, 3, heading);
	write_reach(page, subject);
	if (has_findings(page->dossier, subject)) {
		write_findings(page, subject);
		write_examples(page, subject);
		write_remedies(page, subject);
	}
}

/* SPF, DKIM and DMARC among them. */
static void write_others(struct page *page)
{
	if (has_findings(page->dossier, OTHERS)) {
		page_heading(page, 3, TEXT_OTHERS);
		write_findings(page, OTHERS);
		write_examples(page, OTHERS);
		write_remedies(page, OTHERS);
	}
}

static void write_accepted(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_ACCEPTED_BY, TEXT_FINDING, TEXT_FLOWS,
		TEXT_OWNER, TEXT_REASON, TEXT_UNTIL, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	char day[PAGE_TIME_BYTES];
	if (dossier->accepted_count == 0) {
		return;
	}
	page_heading(page, 3, TEXT_ACCEPTED_BY);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->accepted_count; i++) {
		const struct dossier_accepted *accepted = &dossier->accepted[i];
		const int64_t until_s = accepted->by->until_s;
		page_cell(page, "%s", accepted->by->by);
		page_cell(page, "%s", finding_row(accepted->finding)->id);
		page_cell(page, "%" PRIu64, accepted->flows);
		page_cell(page, "%s", accepted->by->owner);
		page_cell(page, "%s", accepted->by->reason);
		page_cell(page, "%s",
			page_day(until_s > 0 ? until_s - MATRIX_EXPIRY_DAY_S : 0, day));
		page_row(page);
	}
	page_table_end(page);
}

void page_verdicts(struct page *page)
{
	page_heading(page, 2, TEXT_VERDICTS);
	page_paragraph(page, TEXT_VERDICTS_ABOUT);
	write_summary(page);
	write_accepted(page);
	for (int i = 0; i < CONFORMITY_SUBJECTS; i++) {
		write_subject(page, (enum conformity_subject)i);
	}
	write_others(page);
}
