/*
 * What raises a finding while the flow runs has to be news (facts_news_of), or it is told
 * late.
 */
#include "made_steps.h"

/* Told with the next news or when the flow ends, and why that is soon enough. */
static const struct late {
	const char *member;
	enum finding finding;
} LATE[] = {
	/* that a server both sends and takes mail is no matter of seconds */
	{"messages", FINDING_GATEWAY_SEND_RECEIVE_MIXED},
	{"session.is_established", FINDING_GATEWAY_SEND_RECEIVE_MIXED},
	/* each message of a relay's would have the flow judged anew */
	{"transaction_count", FINDING_RELAY_CHAINED},
	{"transactions", FINDING_RELAY_CHAINED},
	/* where domains are declared the engine asks for these (verdicts_has_message) */
	{"sender_count", FINDING_SENDER_OWN_DOMAIN_OUTSIDE},
	{"sender_count", FINDING_SENDER_FOREIGN_DOMAIN_OUT},
	{"senders", FINDING_SENDER_OWN_DOMAIN_OUTSIDE},
	{"senders", FINDING_SENDER_FOREIGN_DOMAIN_OUT},
};
#define LATE_COUNT (sizeof(LATE) / sizeof(LATE[0]))

static bool late_is_met[LATE_COUNT];

static bool is_news(const struct facts *before, const struct facts *after)
{
	struct facts_news news[2];
	facts_news_of(before, &news[0]);
	facts_news_of(after, &news[1]);
	return memcmp(&news[0], &news[1], sizeof(news[0])) != 0;
}

static bool is_late(const char *member, enum finding finding)
{
	for (size_t i = 0; i < LATE_COUNT; i++) {
		if (LATE[i].finding == finding && strcmp(LATE[i].member, member) == 0) {
			late_is_met[i] = true;
			return true;
		}
	}
	return false;
}

static void members_stand_in_order_and_leave_no_room_for_another(void **state)
{
	(void)state;
	size_t end = 0;
	for (size_t i = 0; i <= MEMBER_COUNT; i++) {
		const size_t next =
			i < MEMBER_COUNT ? MEMBERS[i].offset : sizeof(struct facts);
		if (next < end || next - end >= sizeof(uint64_t)) {
			fail_msg("struct facts has members before %s that are missing",
				i < MEMBER_COUNT ? MEMBERS[i].name : "its end");
		}
		end = i < MEMBER_COUNT ? next + MEMBERS[i].size : end;
	}
}

static void demand_news(const struct walk *walk, const struct facts *before,
	const struct facts *after, uint64_t raised)
{
	if (is_news(before, after)) {
		return;
	}
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if ((raised & BIT(i)) != 0 && !is_late(walk->member, (enum finding)i)) {
			fail_msg("%s raises %s and is no news", walk->member,
				finding_row((enum finding)i)->id);
		}
	}
}

static void what_raises_a_finding_while_the_flow_runs_is_news(void **state)
{
	(void)state;
	const uint64_t raised = walk_all(demand_news);
	for (int i = 0; i < FINDING_FLOW_COUNT; i++) {
		if (((raised | WITHOUT_FACTS) & BIT(i)) == 0) {
			fail_msg(
				"no scene raises %s", finding_row((enum finding)i)->id);
		}
	}
	for (size_t i = 0; i < LATE_COUNT; i++) {
		if (!late_is_met[i]) {
			fail_msg("%s is no longer told late", LATE[i].member);
		}
	}
}

static void names_and_counts_alone_are_no_news(void **state)
{
	(void)state;
	const struct facts before = SCENES[0].facts;
	struct facts after = before;
	after.rcpt_count++;
	after.messages++;
	after.gaps++;
	after.auth_offered = UINT16_MAX;
	memcpy(after.helo, "other", sizeof("other"));
	memcpy(after.banner_host, "other", sizeof("other"));
	assert_false(is_news(&before, &after));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_stand_in_order_and_leave_no_room_for_another),
		cmocka_unit_test(what_raises_a_finding_while_the_flow_runs_is_news),
		cmocka_unit_test(names_and_counts_alone_are_no_news),
	};
	return cmocka_run_group_tests(tests, make_worlds, free_worlds);
}
