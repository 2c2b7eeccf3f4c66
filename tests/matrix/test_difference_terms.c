/* What two matrices tell or let by differently beside connections: domains, expects, lists. */
#include "made_matrix.h"

#include "matrix/difference.h"

#define ROWS                                                         \
	"  partner: {role: inbound, names: [mail2.partner.example, " \
	"mail1.partner.example]}\n"                                  \
	"rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"

/* One term: "+domains example.org: text", with "-" or "~", "!" where nothing is wider or narrower. */
struct change {
	const char *old_keys;
	const char *new_keys;
	const char *told[3]; /* of old to new; NULL: no more */
};

static struct matrix *load_keys(const char *keys)
{
	char text[2048];
	struct matrix_problems problems;
	(void)snprintf(text, sizeof(text), "%s%s%s", HEAD, ROWS, keys);
	struct matrix *matrix = load_text(text, &problems);
	if (problems.count > 0) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static char mark_of(const struct difference_term *term)
{
	if (term->is_wider && term->is_narrower) {
		return '~';
	}
	return term->is_wider ? '+' : term->is_narrower ? '-' : '!';
}

static void line_of(const struct difference_term *term, char *line, size_t size)
{
	char first[ADDRESS_TEXT_BYTES];
	char last[ADDRESS_TEXT_BYTES];
	size_t len = (size_t)snprintf(line, size, "%c%s %s: %s", mark_of(term),
		term->key, term->name, term->text);
	for (size_t i = 0; i < term->span_count; i++) {
		len += (size_t)snprintf(line + len, size - len, " %s-%s",
			address_text(&term->spans[i].first, first),
			address_text(&term->spans[i].last, last));
	}
	for (size_t i = 0; i < term->host_count; i++) {
		len += (size_t)snprintf(line + len, size - len, " %s", term->hosts[i]);
	}
}

static void assert_change(const struct change *change)
{
	struct matrix *matrices[] = {
		load_keys(change->old_keys), load_keys(change->new_keys)};
	struct difference difference;
	difference_find(&difference, matrices[0], matrices[1], 1800000000);
	size_t count = 0;
	while (count < 3 && change->told[count]) {
		count++;
	}
	bool is_wider = false;
	for (size_t i = 0; i < difference.term_count; i++) {
		char line[512];
		line_of(&difference.terms[i], line, sizeof(line));
		is_wider = is_wider || line[0] == '+' || line[0] == '~';
		if (i >= count || strcmp(line, change->told[i]) != 0) {
			fail_msg("%s to %s: %s", change->old_keys, change->new_keys,
				line);
		}
	}
	assert_int_equal(difference.term_count, count);
	assert_int_equal(difference.entry_count, 0);
	assert_true(difference_is_wider(&difference) == is_wider);
	assert_false(difference.is_partial);
	difference_free(&difference);
	matrix_free(matrices[0]);
	matrix_free(matrices[1]);
}

static void assert_changes(const struct change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_change(&changes[i]);
		const struct change same[] = {
			{changes[i].old_keys, changes[i].old_keys, {NULL}},
			{changes[i].new_keys, changes[i].new_keys, {NULL}}};
		assert_change(&same[0]);
		assert_change(&same[1]);
	}
}

#define CHANGES(list) assert_changes(list, sizeof(list) / sizeof(*(list)))

static void who_may_send_in_the_name_of_a_domain_is_compared_host_by_host(void **state)
{
	(void)state;
	static const struct change LIST[] = {
		{"domains: {example.org: {senders: [203.0.113.0/28]}}\n",
			"domains: {example.org: {senders: [203.0.113.0/29, "
			"203.0.113.8/29]}}\n",
			{NULL}},
		{"domains: {example.org: {senders: [203.0.113.0/28]}}\n",
			"domains: {example.org: {senders: "
			"[203.0.113.4-203.0.113.16]}}\n",
			{"+domains example.org: may be sent from outside by "
			 "203.0.113.16-203.0.113.16",
				"-domains example.org: may be sent from outside no "
				"more by "
				"203.0.113.0-203.0.113.3"}},
		{"domains: {example.org: {senders: [mx-out]}}\n",
			"domains: {example.org: {senders: [198.51.100.2]}}\n", {NULL}},
		{"domains: {example.org: {forwarders: [203.0.113.9]}}\n",
			"domains: {example.org: {senders: [203.0.113.9]}}\n",
			{"-domains : mail of any domain may be passed on no more by "
			 "203.0.113.9-203.0.113.9"}},
		{"domains: {example.org: {}}\n",
			"domains: {example.org: {senders: [partner]}}\n",
			{"+domains example.org: may be sent from outside by "
			 "mail1.partner.example mail2.partner.example"}},
		/* below an own domain its senders count, and an entry of its own */
		{"domains: {example.org: {senders: [203.0.113.9]}}\n",
			"domains: {example.org: {senders: [203.0.113.9]}, "
			"a.example.org: {}}\n",
			{"-domains a.example.org: may be sent from outside no more by "
			 "203.0.113.9-203.0.113.9"}},
		{"domains: {example.org: {}}\n",
			"domains: {example.org: {}, b.example.org: {}}\n", {NULL}},
	};
	CHANGES(LIST);
}

static void an_own_domain_is_told_from_outside_and_let_out(void **state)
{
	(void)state;
	static const struct change LIST[] = {
		{"", "domains: {example.org: {}}\n",
			{"-domains : mail of domains that are not declared may be sent "
			 "out "
			 "by our servers no more",
				"-domains example.org: may be sent from outside by "
				"nobody but "
				"its senders: it is an own domain"}},
		{"domains: {example.org: {}, example.com: {}}\n",
			"domains: {example.org: {}}\n",
			{"+domains example.com: may be sent from outside by anybody: "
			 "it is no "
			 "own domain any more",
				"-domains example.com: may be sent out by our servers "
				"no "
				"more"}},
		{"domains: {example.org: {}}\n",
			"domains: {example.org: {}, example.com: {own: no}}\n",
			{"+domains example.com: may be sent out by our servers"}},
		{"domains: {example.org: {selectors: [a, b]}}\n",
			"domains: {example.org: {selectors: [b, c]}}\n",
			{"!domains example.org: has the DKIM selector c",
				"!domains example.org: has no more the DKIM selector "
				"a"}},
	};
	CHANGES(LIST);
}

static void another_way_to_do_is_wider_and_another_field_narrower(void **state)
{
	(void)state;
	static const struct change LIST[] = {
		{"expects: {mx-in: [X-Virus-Scanned]}\n",
			"expects: {mx-in: [x-virus-scanned]}\n", {NULL}},
		{"", "expects: {mx-in: [X-Virus-Scanned]}\n",
			{"-expects mx-in: X-Virus-Scanned must be left"}},
		{"expects: {mx-in: [X-A, X-B]}\n", "expects: {mx-in: [X-B]}\n",
			{"+expects mx-in: X-A must be left no more"}},
		{"expects: {mx-in: ['DKIM-Signature: a.example']}\n",
			"expects: {mx-in: ['DKIM-Signature: a.example', "
			"'DKIM-Signature: b.example']}\n",
			{"+expects mx-in: DKIM-Signature: b.example is enough"}},
		{"expects: {mx-in: [DKIM-Signature]}\n",
			"expects: {mx-in: ['DKIM-Signature: a.example']}\n",
			{"-expects mx-in: DKIM-Signature is enough no more"}},
		{"expects: {mx-in: [X-A]}\n",
			"expects: {mx-in: [X-A, 'DKIM-Signature: a.example', "
			"'DKIM-Signature: b.example']}\n",
			{"-expects mx-in: DKIM-Signature must be left"}},
	};
	CHANGES(LIST);
}

static void a_list_that_allows_is_wider_and_one_that_denies_narrower(void **state)
{
	(void)state;
	static const struct change LIST[] = {
		{"", "lists: {a: {kind: allow}}\n", {"+lists a: allow list"}},
		{"", "lists: {a: {kind: deny}}\n", {"-lists a: deny list"}},
		{"lists: {a: {kind: temporary}}\n", "",
			{"+lists a: temporary list, no more"}},
		{"lists: {a: {kind: deny}}\n", "lists: {a: {kind: temporary}}\n",
			{"+lists a: is of kind temporary, before deny"}},
		{"lists: {a: {kind: deny}}\n",
			"lists: {a: {kind: deny, severity: low}}\n",
			{"!lists a: has severity 4, before 2"}},
		/* nobody knows what is in it */
		{"lists: {a: {kind: deny, file: x.txt}}\n",
			"lists: {a: {kind: deny, file: y.txt}}\n",
			{"~lists a: is read from y.txt, before from x.txt; its entries "
			 "are not "
			 "compared"}},
		{"lists: {a: {kind: deny, file: x.txt}, b: {kind: allow}}\n",
			"lists: {b: {kind: allow}, a: {kind: deny, file: x.txt}}\n",
			{NULL}},
	};
	CHANGES(LIST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			who_may_send_in_the_name_of_a_domain_is_compared_host_by_host),
		cmocka_unit_test(an_own_domain_is_told_from_outside_and_let_out),
		cmocka_unit_test(another_way_to_do_is_wider_and_another_field_narrower),
		cmocka_unit_test(
			a_list_that_allows_is_wider_and_one_that_denies_narrower),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
