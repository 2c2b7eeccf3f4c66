#include "dossier/page_audit.h"

#include "dossier/audit_lines.h"
#include "matrix/domains.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN_MOST 200 /* answers and subjects, in forms for people */

static const struct {
	enum text_id text;
	enum page_mark mark;
} VERDICTS[AUDIT_VERDICTS] = {
	[AUDIT_VERDICT_NOT_ASKED] = {TEXT_AUDIT_NOT_ASKED, PAGE_MARK_UNKNOWN},
	[AUDIT_VERDICT_UNKNOWN] = {TEXT_AUDIT_COULD_NOT, PAGE_MARK_UNKNOWN},
	[AUDIT_VERDICT_CONFORM] = {TEXT_CONFORM, PAGE_MARK_GOOD},
	[AUDIT_VERDICT_NOT_OFFERED] = {TEXT_AUDIT_NOT_OFFERED, PAGE_MARK_UNKNOWN},
	[AUDIT_VERDICT_BREACHED] = {TEXT_BREACHED, PAGE_MARK_BAD},
};

static size_t count_own_domains(const struct matrix *matrix)
{
	size_t count = 0;
	size_t own = 0;
	const struct matrix_domain *domains = matrix_domains(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		own += domains[i].is_own;
	}
	return own;
}

static void cell_declared(struct page *page, enum audit_subject subject)
{
	char numbers[2][PAGE_NUMBER_BYTES];
	const struct matrix *matrix = page->dossier->matrix;
	if (audit_subject_is_of_domains(subject)) {
		const char *const own =
			page_number(count_own_domains(matrix), numbers[0]);
		page_cell_fill(page, TEXT_AUDIT_DOMAINS, &own);
		return;
	}
	size_t count = 0;
	size_t asking = 0;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	for (size_t i = 0; i < count; i++) {
		asking += rows[i].tls != MATRIX_TLS_OPTIONAL;
	}
	const char *const values[] = {
		page_number(asking, numbers[0]), page_number(count, numbers[1])};
	page_cell_fill(page, TEXT_AUDIT_ROWS, values);
}

static void cell_subject(struct page *page, enum audit_subject subject)
{
	static const enum text_id TEXTS[AUDIT_SUBJECTS] = {
		[AUDIT_SUBJECT_SPF] = TEXT_AUDIT_SPF,
		[AUDIT_SUBJECT_DKIM] = TEXT_AUDIT_DKIM,
		[AUDIT_SUBJECT_DMARC] = TEXT_AUDIT_DMARC,
		[AUDIT_SUBJECT_MX] = TEXT_AUDIT_MX,
		[AUDIT_SUBJECT_POLICY] = TEXT_AUDIT_POLICY,
		[AUDIT_SUBJECT_SIGN_IN] = TEXT_AUDIT_SIGN_IN,
		[AUDIT_SUBJECT_TLS] = TEXT_AUDIT_TLS,
		[AUDIT_SUBJECT_CERTIFICATE] = TEXT_AUDIT_CERTIFICATE,
		[AUDIT_SUBJECT_REQUIRETLS] = TEXT_AUDIT_REQUIRETLS,
	};
	page_cell_text(page, TEXTS[subject]);
}

static void write_line(struct page *page, enum audit_subject subject)
{
	char time[PAGE_TIME_BYTES];
	const struct audit_line line = audit_line(page->dossier, subject);
	cell_subject(page, subject);
	cell_declared(page, subject);
	page_cell(page, "%" PRIu64, line.observed);
	page_cell_text(page, VERDICTS[line.verdict].text);
	page_mark(page, VERDICTS[line.verdict].mark);
	page_cell(page, "%" PRIu64, line.answers[AUDIT_YES]);
	page_cell(page, "%" PRIu64, line.answers[AUDIT_NO]);
	page_cell(page, "%" PRIu64, line.answers[AUDIT_UNASKED]);
	page_cell(page, "%s", page_time(line.last_us, time));
	page_row(page);
}

static void write_lines(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_AUDIT_WHAT, TEXT_AUDIT_DECLARED,
		TEXT_AUDIT_OBSERVED, TEXT_AUDIT_AUDITED, TEXT_AUDIT_YES, TEXT_AUDIT_NO,
		TEXT_AUDIT_UNKNOWN, TEXT_AUDIT_LAST, TEXT_COUNT};
	page_table(page, HEADS);
	for (int i = 0; i < AUDIT_SUBJECTS; i++) {
		write_line(page, (enum audit_subject)i);
	}
	page_table_end(page);
}

/* Beside what is at fault stands how grave it is, beside what could not be had when. */
static void write_answer(struct page *page, const struct audited_subject *asked,
	const struct audited_answer *answer)
{
	char time[PAGE_TIME_BYTES];
	page_cell(page, "%s",
		answer->state == AUDIT_NO ? page_severity(page, answer->severity)
					  : page_time(asked->time_us, time));
	page_cell(page, "%s", asked->name);
	page_cell(page, "%s",
		texts_audit_question(page->language, answer->check, answer->question));
	page_cell(page, "%s", answer->why[0] ? answer->why : "-");
	page_cell(page, "%s", answer->check);
	page_row(page);
}

static void say_more(struct page *page, size_t count)
{
	char number[PAGE_NUMBER_BYTES];
	if (count > SHOWN_MOST) {
		const char *const more = page_number(count - SHOWN_MOST, number);
		page_fill(page, TEXT_DIGEST_MORE, &more);
	}
}

/* Those that are shown: of this state and severity, as long as there is room. */
struct shown {
	enum audit_state state;
	enum severity severity;
	size_t count;
};

static void write_those(
	struct page *page, struct shown *shown, const struct audited_subject *asked)
{
	for (size_t i = 0; i < asked->count; i++) {
		const struct audited_answer *answer = &asked->answers[i];
		if (answer->state == shown->state &&
			answer->severity == shown->severity &&
			shown->count++ < SHOWN_MOST) {
			write_answer(page, asked, answer);
		}
	}
}

static void write_all(struct page *page, struct shown *shown, enum severity severity)
{
	const struct audited *audited = &page->dossier->audited;
	shown->severity = severity;
	for (size_t i = 0; i < audited->count; i++) {
		write_those(page, shown, &audited->list[i]);
	}
}

static uint64_t count_state(const struct dossier *dossier, enum audit_state state)
{
	uint64_t count = 0;
	for (size_t i = 0; i < dossier->audited.count; i++) {
		const struct audited_subject *asked = &dossier->audited.list[i];
		for (size_t j = 0; j < asked->count; j++) {
			count += asked->answers[j].state == state;
		}
	}
	return count;
}

/* Gravest first; those that are no fault last. */
static void write_faults(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_SEVERITY, TEXT_AUDIT_WHOM,
		TEXT_AUDIT_QUESTION, TEXT_AUDIT_WHY, TEXT_AUDIT_CHECK, TEXT_COUNT};
	struct shown shown = {.state = AUDIT_NO};
	if (count_state(page->dossier, AUDIT_NO) == 0) {
		return;
	}
	page_heading(page, 3, TEXT_AUDIT_FAULTS);
	page_table(page, HEADS);
	for (int i = SEVERITY_CRITICAL; i <= SEVERITY_LOW; i++) {
		write_all(page, &shown, (enum severity)i);
	}
	write_all(page, &shown, SEVERITY_NONE);
	page_table_end(page);
	say_more(page, shown.count);
}

static void write_unasked(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_TIME, TEXT_AUDIT_WHOM,
		TEXT_AUDIT_QUESTION, TEXT_AUDIT_WHY, TEXT_AUDIT_CHECK, TEXT_COUNT};
	struct shown shown = {.state = AUDIT_UNASKED};
	if (count_state(page->dossier, AUDIT_UNASKED) == 0) {
		return;
	}
	page_heading(page, 3, TEXT_AUDIT_UNASKED);
	page_table(page, HEADS);
	write_all(page, &shown, SEVERITY_NONE);
	page_table_end(page);
	say_more(page, shown.count);
}

static void write_subject(struct page *page, const struct audited_subject *asked)
{
	char time[PAGE_TIME_BYTES];
	uint64_t counts[AUDIT_STATES] = {0};
	for (size_t i = 0; i < asked->count; i++) {
		counts[asked->answers[i].state]++;
	}
	page_cell(page, "%s", asked->name);
	page_cell(page, "%" PRIu64, counts[AUDIT_YES]);
	page_cell(page, "%" PRIu64, counts[AUDIT_NO]);
	page_cell(page, "%" PRIu64, counts[AUDIT_UNASKED]);
	page_cell(page, "%s", page_time(asked->time_us, time));
	page_cell(page, "%s", asked->host[0] ? asked->host : "-");
	page_row(page);
}

static void write_subjects(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_AUDIT_WHOM, TEXT_AUDIT_YES,
		TEXT_AUDIT_NO, TEXT_AUDIT_UNKNOWN, TEXT_TIME, TEXT_AUDIT_FROM,
		TEXT_COUNT};
	const struct audited *audited = &page->dossier->audited;
	page_heading(page, 3, TEXT_AUDIT_SUBJECTS);
	page_table(page, HEADS);
	for (size_t i = 0; i < audited->count && i < SHOWN_MOST; i++) {
		write_subject(page, &audited->list[i]);
	}
	page_table_end(page);
	say_more(page, audited->count);
}

void page_audit(struct page *page)
{
	page_heading(page, 2, TEXT_AUDIT);
	if (page->dossier->audited.count == 0) {
		page_paragraph(page, TEXT_AUDIT_NONE);
		return;
	}
	page_paragraph(page, TEXT_AUDIT_ABOUT);
	write_lines(page);
	write_faults(page);
	write_unasked(page);
	write_subjects(page);
}

static void json_line(struct json_writer *writer, const struct dossier *dossier,
	enum audit_subject subject)
{
	const struct audit_line line = audit_line(dossier, subject);
	json_object_open(writer, NULL);
	json_text(writer, "subject", audit_subject_name(subject));
	json_text(writer, "verdict", audit_verdict_word(line.verdict));
	json_number(writer, "yes", line.answers[AUDIT_YES]);
	json_number(writer, "no", line.answers[AUDIT_NO]);
	json_number(writer, "unknown", line.answers[AUDIT_UNASKED]);
	json_number(writer, "breaches", line.breaches);
	json_number(writer, "observed_flows", line.observed);
	if (line.last_us > 0) {
		json_time(writer, "last", line.last_us);
	}
	json_object_close(writer);
}

static void json_answer(struct json_writer *writer, const struct audited_answer *answer)
{
	json_object_open(writer, NULL);
	json_text(writer, "check", answer->check);
	json_text(writer, "question", answer->question);
	json_text(writer, "answer", audit_state_word(answer->state));
	json_text(writer, "severity",
		answer->severity != SEVERITY_NONE ? severity_name(answer->severity)
						  : NULL);
	json_text(writer, "why", answer->why);
	json_object_close(writer);
}

static void json_subject(
	struct json_writer *writer, const struct audited_subject *asked)
{
	json_object_open(writer, NULL);
	json_text(writer, "subject", asked->name);
	json_text(writer, "kind", asked->is_server ? "server" : "domain");
	json_text(writer, "host", asked->host);
	json_time(writer, "timestamp", asked->time_us);
	json_array_open(writer, "answers");
	for (size_t i = 0; i < asked->count; i++) {
		json_answer(writer, &asked->answers[i]);
	}
	json_array_close(writer);
	json_object_close(writer);
}

void page_audit_json(struct json_writer *writer, const struct dossier *dossier)
{
	json_object_open(writer, "audit");
	json_array_open(writer, "conformity");
	for (int i = 0; i < AUDIT_SUBJECTS; i++) {
		json_line(writer, dossier, (enum audit_subject)i);
	}
	json_array_close(writer);
	json_array_open(writer, "asked");
	for (size_t i = 0; i < dossier->audited.count; i++) {
		json_subject(writer, &dossier->audited.list[i]);
	}
	json_array_close(writer);
	json_number(writer, "answers_without_room", dossier->audited.lost);
	json_object_close(writer);
}
