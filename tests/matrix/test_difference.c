#include "made_matrix.h"

#include "matrix/difference.h"
#include "matrix/sentence.h"

#define NOW_S 1800000000

/* Two matrices and what is between them. */
struct compared {
	struct matrix *matrices[2];
	struct difference difference;
};

static struct compared compare(struct matrix *old_matrix, struct matrix *new_matrix)
{
	struct compared compared = {.matrices = {old_matrix, new_matrix}};
	difference_find(&compared.difference, old_matrix, new_matrix, NOW_S);
	assert_false(compared.difference.is_partial);
	return compared;
}

static void compared_free(struct compared *compared)
{
	difference_free(&compared->difference);
	matrix_free(compared->matrices[0]);
	matrix_free(compared->matrices[1]);
}

static struct matrix *load_whole(const char *text)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (problems.count > 0) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

/* The rows of HEAD's matrices, and how many entries there are between them. */
static struct compared compare_rows(
	const char *old_rows, const char *new_rows, size_t entries)
{
	struct compared compared = compare(load_rows(old_rows), load_rows(new_rows));
	assert_int_equal(compared.difference.entry_count, entries);
	return compared;
}

static const struct difference_entry *entry_of(
	const struct compared *compared, size_t index)
{
	assert_true(index < compared->difference.entry_count);
	return &compared->difference.entries[index];
}

static void assert_ends(const struct compared *compared,
	const struct difference_entry *entry, const char *from, const char *to)
{
	const struct difference_class *classes = compared->difference.classes;
	assert_string_equal(
		sentence_end_name(&classes[*entry->from].ends[DIFFERENCE_NEW]), from);
	assert_string_equal(
		sentence_end_name(&classes[*entry->to].ends[DIFFERENCE_NEW]), to);
}

#define STORE_ROW                                                                 \
	" - {id: A, from: workstations, to: mailboxes, protocols: [imaps], tls: " \
	"implicit}\n"
#define RELAY_ROW                                                                \
	" - {id: B, from: relay, to: mx-out, protocols: [smtp], tls: starttls, " \
	"min_tls: \"1.2\"}\n"

static void rows_in_another_order_with_other_ids_are_no_difference(void **state)
{
	(void)state;
	struct compared compared = compare_rows(STORE_ROW RELAY_ROW,
		" - {id: X, from: relay, to: mx-out, protocols: [smtp], tls: starttls, "
		"min_tls: \"1.2\"}\n - {id: Y, from: workstations, to: mailboxes, "
		"protocols: [imaps], tls: implicit, owner: somebody}\n",
		0);
	assert_false(difference_is_wider(&compared.difference));
	compared_free(&compared);
}

static void what_another_row_allows_already_is_no_difference(void **state)
{
	(void)state;
	struct compared compared = compare_rows(RELAY_ROW,
		RELAY_ROW " - {id: C, from: relay, to: mx-out, protocols: [smtp], tls: "
			  "starttls, min_tls: \"1.3\"}\n",
		0);
	compared_free(&compared);
}

static void a_prefix_in_two_halves_and_a_group_renamed_are_no_difference(void **state)
{
	(void)state;
	struct compared compared = compare(
		load_whole("schema: 1\nzones: {internal: [192.0.2.0/24]}\ngroups:\n"
			   "  pool: {role: client, addresses: [192.0.2.64/26]}\n"
			   "  store: {role: mailbox, addresses: [192.0.2.10]}\nrows:\n"
			   " - {id: A, from: pool, to: store, protocols: imaps}\n"),
		load_whole("schema: 1\nzones: {internal: [192.0.2.0/25, "
			   "192.0.2.128/25]}\ngroups:\n"
			   "  seats: {role: client, addresses: [192.0.2.64/27, "
			   "192.0.2.96-192.0.2.127]}\n"
			   "  store: {role: mailbox, addresses: [192.0.2.10]}\nrows:\n"
			   " - {id: A, from: seats, to: store, protocols: imaps}\n"));
	assert_int_equal(compared.difference.entry_count, 0);
	compared_free(&compared);
}

static void a_new_row_is_gained_and_a_row_less_is_lost(void **state)
{
	(void)state;
	struct compared compared = compare_rows(STORE_ROW, STORE_ROW RELAY_ROW, 1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_GAINED);
	assert_true(entry->is_wider && !entry->is_narrower);
	assert_true(difference_is_wider(&compared.difference));
	assert_ends(&compared, entry, "relay", "mx-out");
	assert_int_equal(entry->line_count, 1);
	const struct difference_line *line = entry->lines;
	assert_int_equal(line->kind, DIFFERENCE_GAINED);
	assert_int_equal(line->protocols, PROTOCOL_BIT(PROTOCOL_SMTP));
	assert_int_equal(line->port_count, 1);
	assert_int_equal(line->ports[0].first, 25);
	assert_int_equal(line->ports[0].last, 25);
	assert_int_equal(line->rows[DIFFERENCE_OLD].count, 0);
	assert_int_equal(line->rows[DIFFERENCE_NEW].count, 1);
	assert_string_equal(line->rows[DIFFERENCE_NEW].list[0]->id, "B");
	compared_free(&compared);
	compared = compare_rows(STORE_ROW RELAY_ROW, STORE_ROW, 1);
	entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_LOST);
	assert_true(!entry->is_wider && entry->is_narrower);
	assert_false(difference_is_wider(&compared.difference));
	compared_free(&compared);
}

static void less_tls_a_port_and_a_protocol_change_what_was_allowed(void **state)
{
	(void)state;
	struct compared compared = compare_rows(RELAY_ROW,
		" - {id: B, from: relay, to: mx-out, protocols: [smtp, lmtp], tls: "
		"starttls, ports: [24, 2525-2530]}\n",
		1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_CHANGED);
	assert_true(entry->is_wider && entry->is_narrower);
	assert_int_equal(entry->line_count, 2);
	assert_int_equal(entry->lines[0].kind, DIFFERENCE_GAINED);
	assert_int_equal(entry->lines[0].protocols,
		PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_LMTP));
	assert_int_equal(entry->lines[0].port_count, 2);
	assert_int_equal(entry->lines[0].ports[1].first, 2525);
	assert_int_equal(entry->lines[0].ports[1].last, 2530);
	assert_int_equal(entry->lines[1].kind, DIFFERENCE_LOST);
	assert_int_equal(entry->lines[1].ports[0].first, 25);
	compared_free(&compared);
	compared = compare_rows(RELAY_ROW,
		" - {id: B, from: relay, to: mx-out, protocols: [smtp], tls: "
		"optional, min_tls: \"1.2\"}\n",
		1);
	entry = entry_of(&compared, 0);
	assert_int_equal(entry->lines[0].kind, DIFFERENCE_CHANGED);
	assert_true(entry->is_wider && !entry->is_narrower);
	compared_free(&compared);
}

static void an_address_that_joins_a_group_gains_what_its_rows_allow(void **state)
{
	(void)state;
	struct compared compared = compare(load_rows(RELAY_ROW),
		load_whole("schema: 1\nzones: {internal: [192.0.2.0/24], gateway: "
			   "[198.51.100.0/28]}\ngroups:\n"
			   "  relay: {role: relay, addresses: [192.0.2.25, "
			   "192.0.2.27]}\n"
			   "  mx-out: {role: outbound, addresses: [198.51.100.2]}\n"
			   "rows:\n" RELAY_ROW));
	assert_int_equal(compared.difference.entry_count, 1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_GAINED);
	assert_int_equal(entry->from_count, 1);
	const struct difference_class *class =
		&compared.difference.classes[*entry->from];
	assert_null(class->ends[DIFFERENCE_OLD].group);
	assert_string_equal(class->ends[DIFFERENCE_NEW].group->name, "relay");
	size_t spans = 0;
	for (size_t i = 0; i < compared.difference.span_count; i++) {
		const struct difference_span *span = &compared.difference.spans[i];
		if (span->class == *entry->from) {
			char text[ADDRESS_TEXT_BYTES];
			assert_string_equal(
				address_text(&span->first, text), "192.0.2.27");
			assert_string_equal(
				address_text(&span->last, text), "192.0.2.27");
			spans++;
		}
	}
	assert_int_equal(spans, 1);
	compared_free(&compared);
}

static void a_later_last_day_is_wider_and_an_expired_row_is_none(void **state)
{
	(void)state;
#define UNTIL(day)                                                                     \
	" - {id: B, from: relay, to: mx-out, protocols: [smtp], tls: starttls" day "}" \
	"\n"
	struct compared compared = compare_rows(
		UNTIL(", expires: 2037-01-01"), UNTIL(", expires: 2037-01-02"), 1);
	assert_int_equal(entry_of(&compared, 0)->kind, DIFFERENCE_CHANGED);
	assert_true(entry_of(&compared, 0)->is_wider);
	assert_false(entry_of(&compared, 0)->is_narrower);
	compared_free(&compared);
	compared = compare_rows(UNTIL(""), UNTIL(", expires: 2037-01-02"), 1);
	assert_true(entry_of(&compared, 0)->is_narrower);
	assert_false(entry_of(&compared, 0)->is_wider);
	compared_free(&compared);
	compared = compare_rows(
		UNTIL(", expires: 2020-01-01"), UNTIL(", expires: 2020-01-02"), 0);
	compared_free(&compared);
	compared = compare_rows(
		UNTIL(", expires: 2020-01-01"), UNTIL(", expires: 2037-01-02"), 1);
	assert_int_equal(entry_of(&compared, 0)->kind, DIFFERENCE_GAINED);
	compared_free(&compared);
}

static void audit_mode_lets_breaches_by_and_is_told(void **state)
{
	(void)state;
	struct compared compared = compare_rows(UNTIL(""), UNTIL(", mode: audit"), 1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_CHANGED);
	assert_int_equal(entry->line_count, 1);
	assert_int_equal(entry->lines[0].kind, DIFFERENCE_LOOSENED);
	assert_true(entry->is_wider && !entry->is_narrower);
	assert_string_equal(entry->lines[0].rows[DIFFERENCE_NEW].list[0]->id, "B");
	compared_free(&compared);
	compared = compare_rows(UNTIL(", mode: audit"), UNTIL(""), 1);
	entry = entry_of(&compared, 0);
	assert_int_equal(entry->lines[0].kind, DIFFERENCE_TIGHTENED);
	assert_int_equal(entry->lines[0].rows[DIFFERENCE_NEW].count, 0);
	assert_string_equal(entry->lines[0].rows[DIFFERENCE_OLD].list[0]->id, "B");
	assert_false(difference_is_wider(&compared.difference));
	compared_free(&compared);
}

static void a_name_that_joins_a_group_is_a_class_of_its_own(void **state)
{
	(void)state;
#define NAMED(names)                                              \
	"schema: 1\nzones: {internal: [192.0.2.0/24]}\ngroups:\n" \
	"  seats: {role: client, addresses: [192.0.2.64/26]}\n"   \
	"  cloud: {role: mailbox, names: [" names "]}\nrows:\n"   \
	" - {id: A, from: seats, to: cloud, protocols: [imaps], tls: implicit}\n"
	struct compared compared = compare(load_whole(NAMED("mail.example.org")),
		load_whole(NAMED("mail.example.org, \"*.example.net\"")));
	assert_int_equal(compared.difference.entry_count, 1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->kind, DIFFERENCE_GAINED);
	assert_int_equal(entry->to_count, 1);
	assert_string_equal(
		compared.difference.classes[*entry->to].host, "*.example.net");
	compared_free(&compared);
	compared = compare(load_whole(NAMED("mail.example.net, \"*.example.net\"")),
		load_whole(NAMED("\"*.example.net\"")));
	assert_int_equal(compared.difference.entry_count, 0);
	compared_free(&compared);
}

static void what_all_of_the_internet_has_is_not_told_of_names_again(void **state)
{
	(void)state;
	struct compared compared = compare(load_whole(NAMED("mail.example.org")),
		load_whole(NAMED(
			"mail.example.org") " - {id: B, from: seats, to: internet, "
					    "protocols: [smtp], tls: optional}\n"));
	assert_int_equal(compared.difference.entry_count, 1);
	const struct difference_entry *entry = entry_of(&compared, 0);
	assert_int_equal(entry->to_count, 1);
	assert_null(compared.difference.classes[*entry->to].host);
	compared_free(&compared);
}

static void the_profile_allows_submission_on_465_without_a_row(void **state)
{
	(void)state;
#define PROFILE(profile)                                           \
	"schema: 1\nprofile: " profile                             \
	"\nzones: {internal: [192.0.2.0/24]}\ngroups:\n"           \
	"  seats: {role: client, addresses: [192.0.2.64/26]}\n"    \
	"  takes: {role: submission, addresses: [192.0.2.20]}\n"   \
	"  relay: {role: relay, addresses: [192.0.2.25]}\nrows:\n" \
	" - {id: A, from: takes, to: relay, protocols: [smtp]}\n"
	struct compared compared =
		compare(load_whole(PROFILE("anssi")), load_whole(PROFILE("rfc8314")));
	assert_int_equal(compared.difference.entry_count, 1);
	const struct difference_line *line = entry_of(&compared, 0)->lines;
	assert_int_equal(line->protocols, PROTOCOL_BIT(PROTOCOL_SMTPS));
	assert_int_equal(line->ports[0].first, 465);
	assert_int_equal(line->rows[DIFFERENCE_NEW].count, 0);
	assert_true(line->rows[DIFFERENCE_NEW].is_profile);
	assert_false(line->rows[DIFFERENCE_OLD].is_profile);
	compared_free(&compared);
}

static void a_role_counts_where_the_row_names_a_zone(void **state)
{
	(void)state;
#define ROLE(role)                                                         \
	"schema: 1\nprofile: rfc8314\nzones: {internal: [192.0.2.0/24]}\n" \
	"groups:\n  seats: {role: " role ", addresses: [192.0.2.64/26]}\n" \
	"  takes: {role: relay, addresses: [192.0.2.20]}\nrows:\n"         \
	" - {id: A, from: internal, to: takes, protocols: [submission]}\n"
	struct compared compared =
		compare(load_whole(ROLE("client")), load_whole(ROLE("application")));
	assert_int_equal(compared.difference.entry_count, 1);
	const struct difference_line *line = entry_of(&compared, 0)->lines;
	assert_int_equal(line->kind, DIFFERENCE_LOST);
	assert_int_equal(line->ports[0].first, 465);
	assert_string_equal(line->rows[DIFFERENCE_OLD].list[0]->id, "A");
	compared_free(&compared);
}

/* Made matrices: few addresses, and rows over all that a row can say. */
struct made {
	uint64_t random;
	unsigned twist; /* from this choice on it is another matrix; 0: it is not */
	char text[8192];
};

static unsigned pick(struct made *made, unsigned below)
{
	if (made->twist > 0 && --made->twist == 0) {
		made->random ^= UINT64_C(0x9e3779b97f4a7c15);
	}
	made->random ^= made->random << 13;
	made->random ^= made->random >> 7;
	made->random ^= made->random << 17;
	return (unsigned)(made->random >> 20) % below;
}

static const char *const ENDS_MADE[] = {
	"g0", "g1", "g2", "g3", "internal", "gateway", "internet"};
static const enum protocol PROTOCOLS_MADE[] = {PROTOCOL_SMTP, PROTOCOL_SUBMISSION,
	PROTOCOL_SMTPS, PROTOCOL_SUBMISSIONS, PROTOCOL_LMTP, PROTOCOL_IMAP,
	PROTOCOL_IMAPS, PROTOCOL_SIEVE};
#define ADDRESSES_MADE 12U

static void make_row(struct made *made, unsigned number)
{
	static const char *const TLS[] = {
		"required", "starttls", "implicit", "offered", "optional"};
	static const char *const VERSIONS[] = {
		"", ", min_tls: \"1.0\"", ", min_tls: \"1.2\"", ", min_tls: \"1.3\""};
	static const char *const PORTS[] = {"", "", ", ports: [25, 2524-2526]",
		", ports: [2525]", ", ports: all", ", ports: [465]"};
	static const char *const EXPIRES[] = {"", "", ", expires: 2020-01-01",
		", expires: 2036-01-01", ", expires: 2037-01-01"};
	char *text = made->text;
	sentence_append(text, sizeof(made->text),
		" - {id: R%u, from: %s, to: %s, protocols: [%s", number,
		ENDS_MADE[pick(made, 7)], ENDS_MADE[pick(made, 7)],
		protocol_name(PROTOCOLS_MADE[pick(made, 8)]));
	if (pick(made, 2)) {
		sentence_append(text, sizeof(made->text), ", %s",
			protocol_name(PROTOCOLS_MADE[pick(made, 8)]));
	}
	sentence_append(text, sizeof(made->text), "], tls: %s%s%s%s%s%s}\n",
		TLS[pick(made, 5)], VERSIONS[pick(made, 4)], PORTS[pick(made, 6)],
		EXPIRES[pick(made, 5)], pick(made, 4) ? "" : ", mode: audit",
		pick(made, 5) ? "" : ", client_certificate: required");
}

/* Each address into one of four groups, or none. */
static void make_groups(struct made *made, const char *const roles[4])
{
	uint32_t of_address = 0;
	for (unsigned i = 0; i < ADDRESSES_MADE; i++) {
		of_address = of_address * 5 + pick(made, 5);
	}
	for (unsigned group = 0; group < 4; group++) {
		uint32_t left = of_address;
		sentence_append(made->text, sizeof(made->text),
			"  g%u: {role: %s, addresses: [192.0.2.%u", group, roles[group],
			100 + group);
		for (unsigned i = 0; i < ADDRESSES_MADE; i++, left /= 5) {
			if (left % 5 == group) {
				sentence_append(made->text, sizeof(made->text),
					i < 8 ? ", 192.0.2.%u" : ", 198.51.100.%u", i);
			}
		}
		sentence_append(made->text, sizeof(made->text), "]}\n");
	}
}

static struct matrix *make_matrix(struct made *made)
{
	static const char *const ROLES[] = {
		"client", "submission", "mailbox", "relay", "outbound"};
	const char *const roles[] = {ROLES[pick(made, 5)], ROLES[pick(made, 5)],
		ROLES[pick(made, 5)], ROLES[pick(made, 5)]};
	(void)snprintf(made->text, sizeof(made->text),
		"schema: 1\nprofile: %s\nzones: {internal: [192.0.2.0/%u], gateway: "
		"[198.51.100.0/%u]}\ngroups:\n",
		pick(made, 2) ? "anssi" : "rfc8314", 24 + pick(made, 2),
		28 + pick(made, 2));
	make_groups(made, roles);
	sentence_append(made->text, sizeof(made->text), "rows:\n");
	const unsigned rows = 1 + pick(made, 20);
	for (unsigned i = 0; i < rows; i++) {
		make_row(made, i);
	}
	return load_whole(made->text);
}

/* What is asked by hand, one flow at a time. */
struct flow {
	struct address ends[2];
	enum protocol protocol;
	uint16_t port;
};

static enum matrix_answer yes(bool is_yes)
{
	return is_yes ? MATRIX_YES : MATRIX_NO;
}

#define FLOW_STATES 32U /* clear, offered, then version, certificate and kind */

/* False: no flow of the protocol is ever in this state. */
static bool set_state(struct matrix_question *question, unsigned state)
{
	const struct protocol_row *row = protocol_row(question->protocol);
	const unsigned kind = state < 2 ? 3 : (state - 2) % 3;
	const bool is_clear = state < 2;
	const bool is_implicit = kind == 2;
	question->is_encrypted = yes(!is_clear);
	question->is_tls_offered = yes(state != 0);
	question->is_implicit = yes(is_implicit);
	question->is_starttls = yes(!is_clear && !is_implicit);
	question->has_clear_content = yes(is_clear || kind == 1);
	question->is_probe = MATRIX_NO;
	question->tls_version = is_clear ? 0 : (uint16_t)(0x0300 + (state - 2) / 3 % 5);
	question->has_client_certificate = yes(!is_clear && (state - 2) / 15 == 1);
	return is_implicit ? row->is_implicit_tls || row->family == PROTOCOL_SIEVE
			   : !row->is_implicit_tls;
}

/* 2 allowed, 1 let by, 0 blocked. */
static int ask(const struct matrix *matrix, const struct flow *flow, unsigned state,
	int64_t now_s)
{
	struct matrix_question question = {
		.from = matrix_locate(matrix, &flow->ends[0]),
		.to = matrix_locate(matrix, &flow->ends[1]),
		.protocol = flow->protocol,
		.port = flow->port,
		.now_s = now_s,
		.is_brief = true};
	struct matrix_result result;
	if (!set_state(&question, state)) {
		return 0;
	}
	matrix_ask(matrix, &question, &result);
	if (result.allowed == MATRIX_YES) {
		return 2;
	}
	return result.nearest && result.failed >= MATRIX_CRITERION_PORT &&
	       result.nearest->mode == MATRIX_MODE_AUDIT;
}

/* By hand: is the second wider in some state, now or at some later time? */
struct by_hand {
	bool is_allowed[2];
	bool is_wider;
	bool is_narrower;
	bool is_loosened;
	bool is_tightened;
};

static struct by_hand ask_by_hand(
	struct matrix *const matrices[2], const struct flow *flow)
{
	/* now, and within and behind the two last days of rows */
	static const int64_t TIMES[] = {NOW_S, 2082800000, 2100000000, 2200000000};
	struct by_hand by_hand = {.is_wider = false};
	for (unsigned state = 0; state < FLOW_STATES; state++) {
		const int now[] = {ask(matrices[0], flow, state, NOW_S),
			ask(matrices[1], flow, state, NOW_S)};
		by_hand.is_allowed[0] |= now[0] == 2;
		by_hand.is_allowed[1] |= now[1] == 2;
		by_hand.is_loosened |= now[0] == 0 && now[1] == 1;
		by_hand.is_tightened |= now[0] == 1 && now[1] == 0;
		by_hand.is_wider |= now[1] == 2 && now[0] != 2;
		by_hand.is_narrower |= now[0] == 2 && now[1] != 2;
		for (size_t i = 0; now[0] == 2 && now[1] == 2 && i < 4; i++) {
			const bool is_old =
				ask(matrices[0], flow, state, TIMES[i]) == 2;
			const bool is_new =
				ask(matrices[1], flow, state, TIMES[i]) == 2;
			by_hand.is_wider |= is_new && !is_old;
			by_hand.is_narrower |= is_old && !is_new;
		}
	}
	return by_hand;
}

static uint32_t class_of(
	const struct difference *difference, const struct address *address)
{
	for (size_t i = 0; i < difference->span_count; i++) {
		const struct difference_span *span = &difference->spans[i];
		if (memcmp(span->first.bytes, address->bytes, 16) <= 0 &&
			memcmp(address->bytes, span->last.bytes, 16) <= 0) {
			return span->class;
		}
	}
	fail_msg("%s", "an address is in no class");
	return 0;
}

static bool has_class(const uint32_t *list, size_t count, uint32_t class)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == class) {
			return true;
		}
	}
	return false;
}

/* The entry of a pair of addresses; NULL where there is none, and never two. */
static const struct difference_entry *find_entry(
	const struct difference *difference, const struct flow *flow)
{
	const uint32_t from = class_of(difference, &flow->ends[0]);
	const uint32_t to = class_of(difference, &flow->ends[1]);
	const struct difference_entry *found = NULL;
	for (size_t i = 0; i < difference->entry_count; i++) {
		const struct difference_entry *entry = &difference->entries[i];
		if (has_class(entry->from, entry->from_count, from) &&
			has_class(entry->to, entry->to_count, to)) {
			assert_null(found);
			found = entry;
		}
	}
	return found;
}

/* smtp is submission on another port, smtps submissions. */
static uint32_t alike(enum protocol protocol)
{
	const uint32_t clear =
		PROTOCOL_BIT(PROTOCOL_SMTP) | PROTOCOL_BIT(PROTOCOL_SUBMISSION);
	const uint32_t implicit =
		PROTOCOL_BIT(PROTOCOL_SMTPS) | PROTOCOL_BIT(PROTOCOL_SUBMISSIONS);
	const uint32_t bit = PROTOCOL_BIT(protocol);
	return (bit & clear) ? clear : (bit & implicit) ? implicit : bit;
}

static bool has_port(const struct difference_line *line, uint16_t port)
{
	for (size_t i = 0; i < line->port_count; i++) {
		if (line->ports[i].first <= port && port <= line->ports[i].last) {
			return true;
		}
	}
	return false;
}

/* The one line of the entry on this protocol and port, and whether modes are told. */
static const struct difference_line *find_line(const struct difference_entry *entry,
	const struct flow *flow, struct by_hand *modes)
{
	const struct difference_line *found = NULL;
	for (size_t i = 0; entry && i < entry->line_count; i++) {
		const struct difference_line *line = &entry->lines[i];
		const bool is_protocol = (line->protocols & alike(flow->protocol)) != 0;
		modes->is_loosened |= is_protocol && line->kind == DIFFERENCE_LOOSENED;
		modes->is_tightened |=
			is_protocol && line->kind == DIFFERENCE_TIGHTENED;
		if (is_protocol && has_port(line, flow->port)) {
			assert_null(found);
			found = line;
		}
	}
	return found;
}

static void assert_told(const struct compared *compared, const struct flow *flow)
{
	const struct by_hand by_hand = ask_by_hand(compared->matrices, flow);
	const struct difference_entry *entry = find_entry(&compared->difference, flow);
	struct by_hand modes = {.is_wider = false};
	const struct difference_line *line = find_line(entry, flow, &modes);
	assert_int_equal(line ? line->is_wider : 0, by_hand.is_wider);
	assert_int_equal(line ? line->is_narrower : 0, by_hand.is_narrower);
	assert_true(modes.is_loosened || !by_hand.is_loosened);
	assert_true(modes.is_tightened || !by_hand.is_tightened);
	for (int side = 0; line && side < 2; side++) {
		const struct difference_rows *rows = &line->rows[side];
		assert_int_equal(
			rows->count > 0 || rows->is_profile, by_hand.is_allowed[side]);
	}
	if (line) {
		assert_int_equal(line->kind == DIFFERENCE_GAINED,
			!by_hand.is_allowed[DIFFERENCE_OLD]);
		assert_int_equal(line->kind == DIFFERENCE_LOST,
			!by_hand.is_allowed[DIFFERENCE_NEW]);
	}
	if (entry) {
		assert_false(entry->kind == DIFFERENCE_GAINED &&
			     by_hand.is_allowed[DIFFERENCE_OLD]);
		assert_false(entry->kind == DIFFERENCE_LOST &&
			     by_hand.is_allowed[DIFFERENCE_NEW]);
	}
}

static struct address address_made(unsigned number)
{
	static const char *const OTHERS[] = {"203.0.113.9", "192.0.2.200",
		"198.51.100.25", "2001:db8::1", "192.0.2.101"};
	char text[ADDRESS_TEXT_BYTES];
	struct address address;
	(void)snprintf(text, sizeof(text), number < 8 ? "192.0.2.%u" : "198.51.100.%u",
		number);
	assert_true(address_parse(
		number < ADDRESSES_MADE ? text : OTHERS[number - ADDRESSES_MADE],
		&address));
	return address;
}

#define TRIALS 250
#define FLOWS  400

static void every_flow_is_told_as_both_matrices_answer(void **state)
{
	(void)state;
	static const uint16_t PORTS[] = {
		25, 587, 465, 24, 143, 993, 475, 2524, 2525, 2527, 4190, 1, 65535};
	static struct made made = {.random = 88172645463325252U};
	static struct made other;
	size_t told = 0;
	for (int trial = 0; trial < TRIALS; trial++) {
		/* a second that is like the first up to some group or row */
		const unsigned twist = 1 + pick(&made, 80);
		other = made;
		other.twist = twist;
		struct matrix *old_matrix = make_matrix(&made);
		struct compared compared = compare(old_matrix, make_matrix(&other));
		for (int i = 0; i < FLOWS; i++) {
			const struct flow flow = {
				{address_made(pick(&made, 17)),
					address_made(pick(&made, 17))},
				PROTOCOLS_MADE[pick(&made, 8)], PORTS[pick(&made, 13)]};
			/* on Exchange's own ports it is smtp by name alone */
			if (flow.protocol != PROTOCOL_SUBMISSION) {
				assert_told(&compared, &flow);
			}
		}
		told += compared.difference.entry_count;
		compared_free(&compared);
	}
	assert_true(told > TRIALS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			rows_in_another_order_with_other_ids_are_no_difference),
		cmocka_unit_test(what_another_row_allows_already_is_no_difference),
		cmocka_unit_test(
			a_prefix_in_two_halves_and_a_group_renamed_are_no_difference),
		cmocka_unit_test(a_new_row_is_gained_and_a_row_less_is_lost),
		cmocka_unit_test(
			less_tls_a_port_and_a_protocol_change_what_was_allowed),
		cmocka_unit_test(
			an_address_that_joins_a_group_gains_what_its_rows_allow),
		cmocka_unit_test(a_later_last_day_is_wider_and_an_expired_row_is_none),
		cmocka_unit_test(audit_mode_lets_breaches_by_and_is_told),
		cmocka_unit_test(a_name_that_joins_a_group_is_a_class_of_its_own),
		cmocka_unit_test(
			what_all_of_the_internet_has_is_not_told_of_names_again),
		cmocka_unit_test(the_profile_allows_submission_on_465_without_a_row),
		cmocka_unit_test(a_role_counts_where_the_row_names_a_zone),
		cmocka_unit_test(every_flow_is_told_as_both_matrices_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
