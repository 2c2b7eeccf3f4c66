#include "dossier/page.h"

#include <inttypes.h>
#include <string.h>

#define DAY_S    INT64_C(86400)
#define US_PER_S UINT64_C(1000000)

/* In which order states are told. */
static const enum grid_state STATES[] = {
	GRID_FORBIDDEN, GRID_UNDECLARED, GRID_UNUSED, GRID_USED};
#define STATE_COUNT (sizeof(STATES) / sizeof(STATES[0]))

static const enum page_mark STATE_MARKS[GRID_STATES] = {
	[GRID_USED] = PAGE_MARK_GOOD,
	[GRID_UNUSED] = PAGE_MARK_UNKNOWN,
	[GRID_UNDECLARED] = PAGE_MARK_ACCEPTED,
	[GRID_FORBIDDEN] = PAGE_MARK_BAD,
};

enum page_mark page_state_mark(enum grid_state state)
{
	return STATE_MARKS[state];
}

/* "sender.illegitimate, tls.missing": ids are the same in every language. */
const char *page_reasons(uint64_t reasons, char text[PAGE_CELL_BYTES])
{
	size_t len = 0;
	text[0] = '\0';
	for (; reasons != 0; reasons &= reasons - 1) { /* FINDING_FLOW_COUNT */
		const enum finding finding = (enum finding)__builtin_ctzll(reasons);
		if (finding >= FINDING_FLOW_COUNT || len >= PAGE_CELL_BYTES - 1) {
			break;
		}
		len += (size_t)snprintf(text + len, PAGE_CELL_BYTES - len, "%s%s",
			len > 0 ? ", " : "", finding_row(finding)->id);
	}
	return text[0] ? text : "-";
}

const char *page_protocols(uint32_t protocols, char text[PAGE_CELL_BYTES])
{
	size_t len = 0;
	text[0] = '\0';
	if (protocols == PROTOCOL_BITS_OF_MAIL) {
		return "all";
	}
	for (; protocols != 0; protocols &= protocols - 1) { /* 32 */
		const enum protocol protocol = (enum protocol)__builtin_ctz(protocols);
		if (len >= PAGE_CELL_BYTES - 1) {
			break;
		}
		len += (size_t)snprintf(text + len, PAGE_CELL_BYTES - len, "%s%s",
			len > 0 ? ", " : "", protocol_name(protocol));
	}
	return text[0] ? text : "-";
}

/* Of its flows those that gave the state. */
static uint64_t flows_of_state(const struct grid_cell *cell)
{
	switch (cell->state) {
	case GRID_FORBIDDEN:
		return cell->flows[HELD_FORBIDDEN];
	case GRID_UNDECLARED:
		return cell->flows[HELD_UNDECLARED] + cell->flows[HELD_OPEN];
	default:
		return grid_flows(cell);
	}
}

/* "? seen, not declared", and of how many of the flows where it is not all. */
static void write_state(struct page *page, const struct grid_cell *cell)
{
	char state[PAGE_CELL_BYTES];
	char numbers[2][PAGE_NUMBER_BYTES];
	const uint64_t part = flows_of_state(cell);
	const uint64_t flows = grid_flows(cell);
	const char *const values[] = {
		state, page_number(part, numbers[0]), page_number(flows, numbers[1])};
	(void)snprintf(state, sizeof(state), "%c %s", grid_sign(cell->state),
		page_state(page, cell->state));
	if (part < flows) {
		page_cell_fill(page, TEXT_STATE_PART, values);
	} else {
		page_cell(page, "%s", state);
	}
	page_mark(page, STATE_MARKS[cell->state]);
}

static void write_cell(struct page *page, const struct grid_cell *cell)
{
	char name[SENTENCE_END_BYTES];
	char text[PAGE_CELL_BYTES];
	char last[PAGE_TIME_BYTES];
	const uint64_t flows = grid_flows(cell);
	write_state(page, cell);
	page_cell(page, "%s", page_end_name(page, cell->from, name));
	page_cell(page, "%s", page_end_name(page, cell->to, name));
	page_cell(page, "%s", cell->row ? cell->row->id : "-");
	page_cell(page, "%" PRIu64, flows);
	if (flows > 0) {
		page_cell_share(page, cell->encrypted, flows);
	} else {
		page_cell(page, "-");
	}
	page_cell(page, "%s", page_protocols(cell->protocols, text));
	page_cell(page, "%s", page_time(cell->last_us, last));
	page_cell(page, "%s", page_reasons(cell->reasons, text));
	page_row(page);
}

/* Returns how many there are yet to be. */
static size_t write_cells_of(struct page *page, enum grid_state state, size_t most)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(page->grid, &count);
	for (size_t i = 0; i < count && most > 0; i++) {
		if (cells[i].state == state) {
			write_cell(page, &cells[i]);
			most--;
		}
	}
	return most;
}

static void write_cells(struct page *page, size_t most)
{
	static const enum text_id HEADS[] = {TEXT_STATE, TEXT_FROM, TEXT_TO, TEXT_ROW,
		TEXT_FLOWS, TEXT_IN_TLS, TEXT_PROTOCOLS, TEXT_LAST, TEXT_REASONS,
		TEXT_COUNT};
	page_table(page, HEADS);
	for (size_t i = 0; i < STATE_COUNT; i++) {
		most = write_cells_of(page, STATES[i], most);
	}
	page_table_end(page);
}

static void write_listed(struct page *page, size_t listed, size_t total)
{
	char numbers[2][PAGE_NUMBER_BYTES];
	const char *const values[] = {
		page_number(listed, numbers[0]), page_number(total, numbers[1])};
	if (listed < total) {
		page_fill(page, TEXT_LISTED, values);
	}
}

void page_grid(struct page *page, const struct page_grid *shown)
{
	static const enum text_id HEADS[] = {TEXT_STATE, TEXT_NUMBER, TEXT_COUNT};
	const struct grid *grid = shown->grid;
	size_t count = 0;
	page->grid = grid;
	page->grid_title = shown->title;
	page_heading(page, 2, shown->title);
	if (shown->about != TEXT_NONE) {
		page_paragraph(page, shown->about);
	}
	page_table(page, HEADS);
	for (size_t i = 0; i < STATE_COUNT; i++) {
		page_cell(page, "%c %s", grid_sign(STATES[i]),
			page_state(page, STATES[i]));
		page_mark(page, STATE_MARKS[STATES[i]]);
		page_cell(page, "%zu", grid_count(grid, STATES[i]));
		page_row(page);
	}
	page_table_end(page);
	if (page->form->picture) {
		page->form->picture(page);
	}
	write_cells(page, shown->most);
	(void)grid_cells(grid, &count);
	write_listed(page, shown->most < count ? shown->most : count, count);
}

static void write_offender(struct page *page, const struct dossier_offender *offender)
{
	char text[PAGE_CELL_BYTES];
	char last[PAGE_TIME_BYTES];
	if (observed_is_folded(&offender->client)) {
		page_cell_text(page, TEXT_INTERNET_HOSTS);
	} else {
		page_cell(page, "%s", address_text(&offender->client, text));
	}
	page_cell(page, "%s", offender->group ? offender->group : "-");
	page_cell(page, "%s", offender->name[0] ? offender->name : "-");
	page_cell(page, "%" PRIu64, offender->flows);
	page_cell(page, "%s", page_reasons(offender->reasons, text));
	page_cell(page, "%s", page_time(offender->last_us, last));
	page_row(page);
}

void page_offenders(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_HOST, TEXT_GROUP, TEXT_NAME,
		TEXT_FLOWS, TEXT_REASONS, TEXT_LAST, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	page_heading(page, 2, TEXT_OFFENDERS);
	if (dossier->offender_count == 0) {
		page_paragraph(page, TEXT_OFFENDERS_NONE);
		return;
	}
	page_paragraph(page, TEXT_OFFENDERS_ABOUT);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->offender_count; i++) {
		write_offender(page, &dossier->offenders[i]);
	}
	page_table_end(page);
	write_listed(page, dossier->offender_count, dossier->offender_total);
}

static void cell_versions(struct page *page, uint8_t versions)
{
	static const char *const NAMES[] = {NULL, "1.0", "1.1", "1.2", "1.3"};
	char text[PAGE_CELL_BYTES] = "";
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
		if ((versions & (1U << i)) != 0) {
			sentence_append(text, sizeof(text), "%s%s", text[0] ? ", " : "",
				NAMES[i] ? NAMES[i] : page_text(page, TEXT_OLDER));
		}
	}
	page_cell(page, "%s", text[0] ? text : "-");
}

static enum text_id offer_of(uint8_t offered)
{
	const bool is_yes = (offered & (1U << FACTS_YES)) != 0;
	const bool is_no = (offered & (1U << FACTS_NO)) != 0;
	if (is_yes && is_no) {
		return TEXT_OFFERED_BOTH;
	}
	return is_yes ? TEXT_OFFERED : is_no ? TEXT_OFFERED_NOT : TEXT_OFFERED_UNKNOWN;
}

void page_cell_certificate(struct page *page, int64_t end_s, int64_t now_s)
{
	char day[PAGE_TIME_BYTES];
	char days[PAGE_NUMBER_BYTES];
	const bool is_over = end_s <= now_s;
	(void)snprintf(days, sizeof(days), "%" PRId64, (end_s - now_s) / DAY_S);
	const char *const values[] = {page_day(end_s, day), days};
	page_cell_fill(
		page, is_over ? TEXT_CERTIFICATE_OVER : TEXT_CERTIFICATE_VALUE, values);
	page_mark(page, is_over ? PAGE_MARK_BAD : PAGE_MARK_NONE);
}

/* Days are counted from the last flow: the report knows no other today. */
static void cell_certificate(struct page *page, int64_t end_s)
{
	if (end_s == 0) {
		page_cell_text(page, TEXT_CERTIFICATE_UNSEEN);
		return;
	}
	page_cell_certificate(
		page, end_s, (int64_t)(page->dossier->sight.last_us / US_PER_S));
}

static void cell_policy(struct page *page, const struct dossier_server *server)
{
	if (server->messages + server->refusals + server->deferrals == 0) {
		page_cell(page, "-");
		return;
	}
	page_cell(page, "%" PRIu64 ", %" PRIu64 ", %" PRIu64, server->messages,
		server->refusals, server->deferrals);
}

static void write_server(struct page *page, const struct dossier_server *server)
{
	char text[ADDRESS_TEXT_BYTES];
	const bool is_ipv4 = address_is_ipv4(&server->server);
	page_cell(page, is_ipv4 ? "%s:%u" : "[%s]:%u",
		address_text(&server->server, text), server->port);
	page_cell(page, "%s", server->group ? server->group : "-");
	page_cell(page, "%s", server->name[0] ? server->name : "-");
	page_cell(page, "%s", protocol_name((enum protocol)server->protocol));
	page_cell(page, "%" PRIu64, server->flows);
	page_cell_share(page, server->encrypted, server->flows);
	page_cell_text(page, offer_of(server->offered));
	cell_versions(page, server->versions);
	cell_policy(page, server);
	cell_certificate(page, server->certificate_end_s);
	page_row(page);
}

void page_servers(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_SERVER, TEXT_GROUP, TEXT_SERVER_NAME,
		TEXT_PROTOCOL, TEXT_FLOWS, TEXT_IN_TLS, TEXT_STARTTLS, TEXT_VERSIONS,
		TEXT_SERVER_POLICY, TEXT_CERTIFICATE, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	page_heading(page, 2, TEXT_SERVERS);
	if (dossier->server_count == 0) {
		page_paragraph(page, TEXT_SERVERS_NONE);
		return;
	}
	page_paragraph(page, TEXT_SERVERS_ABOUT);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->server_count; i++) {
		write_server(page, &dossier->servers[i]);
	}
	page_table_end(page);
	write_listed(page, dossier->server_count, dossier->server_total);
}

static void cell_expiry(struct page *page, const struct dossier_row *use)
{
	char day[SENTENCE_DAY_BYTES];
	if (use->row->expires_s == 0) {
		page_cell(page, "-");
		return;
	}
	const char *const last = sentence_last_day(use->row->expires_s, day);
	if (use->is_over) {
		page_cell_fill(page, TEXT_EXPIRED, &last);
		page_mark(page, PAGE_MARK_BAD);
	} else {
		page_cell(page, "%s", last);
	}
}

static void write_row(struct page *page, const struct dossier_row *use)
{
	char text[PAGE_CELL_BYTES];
	char last[PAGE_TIME_BYTES];
	const struct matrix_row *row = use->row;
	page_cell(page, "%s", row->id);
	page_cell(page, "%s", sentence_end_name(&row->from));
	page_cell(page, "%s", sentence_end_name(&row->to));
	page_cell(page, "%s", page_protocols(row->protocols, text));
	page_cell(page, "%s", matrix_tls_name(row->tls));
	page_cell(page, "%s", row->owner ? row->owner : "-");
	page_cell(page, "%" PRIu64, use->flows);
	if (use->flows > 0) {
		page_cell(page, "%s", page_time(use->last_us, last));
	} else {
		page_cell_text(page, TEXT_NEVER);
		page_mark(page, PAGE_MARK_UNKNOWN);
	}
	cell_expiry(page, use);
	page_row(page);
}

void page_rows(struct page *page)
{
	static const enum text_id HEADS[] = {TEXT_ROW, TEXT_FROM, TEXT_TO,
		TEXT_PROTOCOLS, TEXT_CONDITION, TEXT_OWNER, TEXT_FLOWS, TEXT_LAST,
		TEXT_EXPIRES, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	page_heading(page, 2, TEXT_ROWS);
	page_paragraph(page, TEXT_ROWS_ABOUT);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->row_count; i++) {
		write_row(page, &dossier->rows[i]);
	}
	page_table_end(page);
}

static enum text_id change_text(enum dossier_change change)
{
	static const enum text_id TEXTS[DOSSIER_CHANGES] = {
		[DOSSIER_CHANGE_NONE] = TEXT_NONE,
		[DOSSIER_CHANGE_NEW] = TEXT_CHANGE_NEW,
		[DOSSIER_CHANGE_STILL] = TEXT_CHANGE_STILL,
		[DOSSIER_CHANGE_FIXED] = TEXT_CHANGE_FIXED,
		[DOSSIER_CHANGE_UNSEEN] = TEXT_CHANGE_UNSEEN,
	};
	return TEXTS[change];
}

static void write_changed(struct page *page, const struct dossier_breach *breach)
{
	static const enum page_mark MARKS[DOSSIER_CHANGES] = {
		[DOSSIER_CHANGE_NEW] = PAGE_MARK_BAD,
		[DOSSIER_CHANGE_STILL] = PAGE_MARK_ACCEPTED,
		[DOSSIER_CHANGE_FIXED] = PAGE_MARK_GOOD,
		[DOSSIER_CHANGE_UNSEEN] = PAGE_MARK_UNKNOWN,
	};
	page_cell_text(page, change_text(breach->change));
	page_mark(page, MARKS[breach->change]);
	page_cell(page, "%s", finding_row(breach->finding)->id);
	page_cell(page, "%s", texts_finding_title(page->language, breach->finding));
	page_cell_row(page, breach);
	page_cell(page, "%s", breach->from ? breach->from : "-");
	page_cell(page, "%s", breach->to ? breach->to : "-");
	page_row(page);
}

static void write_changes_of(struct page *page, enum dossier_change change)
{
	const struct dossier *dossier = page->dossier;
	for (size_t i = 0; i < dossier->breach_count; i++) {
		const struct dossier_breach *breach = &dossier->breaches[i];
		if (!breach->is_notice && breach->change == change) {
			write_changed(page, breach);
		}
	}
	for (size_t i = 0; i < dossier->gone_count; i++) {
		if (dossier->gone[i].change == change) {
			write_changed(page, &dossier->gone[i]);
		}
	}
}

void page_change(struct page *page)
{
	static const enum text_id COUNTS[] = {
		TEXT_CHANGE_HEAD, TEXT_NUMBER, TEXT_COUNT};
	static const enum text_id HEADS[] = {TEXT_CHANGE_HEAD, TEXT_FINDING, TEXT_WHAT,
		TEXT_ROW_AT_FAULT, TEXT_FROM, TEXT_TO, TEXT_COUNT};
	if (!page->dossier->has_baseline) {
		return;
	}
	page_heading(page, 2, TEXT_CHANGE);
	page_paragraph(page, TEXT_CHANGE_ABOUT);
	page_table(page, COUNTS);
	for (int i = DOSSIER_CHANGE_NEW; i < DOSSIER_CHANGES; i++) {
		page_cell_text(page, change_text((enum dossier_change)i));
		page_cell(page, "%zu",
			dossier_count_change(page->dossier, (enum dossier_change)i));
		page_row(page);
	}
	page_table_end(page);
	page_table(page, HEADS);
	for (int i = DOSSIER_CHANGE_NEW; i < DOSSIER_CHANGES; i++) {
		write_changes_of(page, (enum dossier_change)i);
	}
	page_table_end(page);
}

void page_days(struct page *page)
{
	static const enum text_id HEADS[] = {
		TEXT_DAY, TEXT_FLOWS, TEXT_BREACHES, TEXT_NOTICES, TEXT_COUNT};
	const struct dossier *dossier = page->dossier;
	char text[PAGE_TIME_BYTES];
	if (dossier->day_count == 0) {
		return;
	}
	page_heading(page, 2, TEXT_DAYS);
	page_paragraph(page, TEXT_DAYS_ABOUT);
	page_table(page, HEADS);
	for (size_t i = 0; i < dossier->day_count; i++) {
		const struct dossier_day *day = &dossier->days[i];
		page_cell(page, "%s", page_day(day->day * DAY_S, text));
		page_cell(page, "%" PRIu64, day->flows);
		page_cell(page, "%" PRIu64, day->breaches);
		page_cell(page, "%" PRIu64, day->notices);
		page_row(page);
	}
	page_table_end(page);
	if (dossier->is_more_days) {
		page_paragraph(page, TEXT_DAYS_MORE);
	}
}

void page_method(struct page *page)
{
	static const enum text_id TEXTS[] = {TEXT_METHOD_GUIDE, TEXT_METHOD_JUDGED,
		TEXT_METHOD_CONFORM, TEXT_METHOD_TLS, TEXT_METHOD_ONCE,
		TEXT_METHOD_PACKETS, TEXT_METHOD_NO_TIME};
	const struct dossier_sight *sight = &page->dossier->sight;
	page_heading(page, 2, TEXT_METHOD);
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		page_paragraph(page, TEXTS[i]);
	}
	if (sight->is_of_sums) {
		page_paragraph(page, TEXT_METHOD_SUMS);
	} else if (sight->is_of_records) {
		page_paragraph(page, TEXT_METHOD_RECORDS);
	}
}
