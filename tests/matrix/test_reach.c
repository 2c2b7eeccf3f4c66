/* Ranges of what a row speaks of are exactly what the look-up answers. */
#include "made_matrix.h"

#include "matrix/reach.h"
#include "matrix/sentence.h"

#define NESTED                                                                  \
	"schema: 1\n"                                                           \
	"zones: {internal: [192.0.2.0/24, \"2001:db8::/32\"], lab: "            \
	"[192.0.2.128/25]}\n"                                                   \
	"groups:\n"                                                             \
	"  wide: {role: client, addresses: [192.0.2.0/25, 192.0.2.128/26]}\n"   \
	"  inner: {role: relay, addresses: [192.0.2.64/30, \"2001:db8::5\"]}\n" \
	"  named: {role: relay, names: [mail.example.org]}\n"                   \
	"  a: {role: mailbox, addresses: [198.51.100.1]}\n"

static struct matrix *loaded(const char *rows)
{
	char text[4096];
	struct matrix_problems problems;
	(void)snprintf(text, sizeof(text), NESTED "rows:\n%s", rows);
	struct matrix *matrix = load_text(text, &problems);
	if (!matrix) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static const struct matrix_row *first_row(const struct matrix *matrix)
{
	size_t count;
	return matrix_rows(matrix, &count);
}

static void assert_reach(
	const struct matrix *matrix, const struct matrix_end *end, const char *wanted)
{
	struct reach reach;
	char shown[1024] = "";
	reach_of_end(matrix, end, &reach);
	for (size_t i = 0; i < reach.count; i++) {
		char first[ADDRESS_TEXT_BYTES];
		char last[ADDRESS_TEXT_BYTES];
		sentence_append(shown, sizeof(shown), "%s%s-%s", i ? " " : "",
			address_text(&reach.list[i].first, first),
			address_text(&reach.list[i].last, last));
	}
	assert_string_equal(shown, wanted);
	reach_free(&reach);
}

static void a_narrower_prefix_is_taken_out_of_the_wider(void **state)
{
	(void)state;
	struct matrix *matrix =
		loaded(" - {id: A, from: wide, to: inner, protocols: smtp}\n"
		       " - {id: B, from: internal, to: lab, protocols: smtp}\n"
		       " - {id: C, from: internet, to: named, protocols: smtp}\n");
	const struct matrix_row *rows = first_row(matrix);
	assert_reach(
		matrix, &rows[0].from, "192.0.2.0-192.0.2.63 192.0.2.68-192.0.2.191");
	assert_reach(
		matrix, &rows[0].to, "192.0.2.64-192.0.2.67 2001:db8::5-2001:db8::5");
	assert_reach(matrix, &rows[1].from,
		"192.0.2.0-192.0.2.127 "
		"2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	assert_reach(matrix, &rows[1].to, "192.0.2.128-192.0.2.255");
	assert_reach(matrix, &rows[2].to, "");
	matrix_free(matrix);
}

static void the_internet_is_what_no_zone_holds_by_families(void **state)
{
	(void)state;
	struct matrix *matrix =
		loaded(" - {id: A, from: internet, to: a, protocols: smtp}\n");
	assert_reach(matrix, &first_row(matrix)->from,
		"0.0.0.0-192.0.1.255 ::-::fffe:ffff:ffff 192.0.3.0-255.255.255.255 "
		"::1:0:0:0-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff "
		"2001:db9::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	matrix_free(matrix);
	struct matrix_problems problems;
	matrix = load_text("schema: 1\n"
			   "zones: {all: [\"::/1\", 0.0.0.0/0]}\n"
			   "groups: {a: {role: relay, addresses: 192.0.2.1}}\n"
			   "rows: [{id: A, from: internet, to: a, protocols: smtp}]\n",
		&problems);
	assert_non_null(matrix);
	assert_reach(matrix, &first_row(matrix)->from,
		"8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	matrix_free(matrix);
}

static void each_address_is_in_the_reach_of_the_end_that_holds_it(void **state)
{
	(void)state;
	struct matrix *matrix =
		loaded(" - {id: A, from: wide, to: inner, protocols: smtp}\n");
	const struct matrix_row *row = first_row(matrix);
	struct reach reach;
	reach_of_end(matrix, &row->from, &reach);
	for (unsigned host = 0; host < 256; host++) {
		const uint8_t bytes[4] = {192, 0, 2, (uint8_t)host};
		const struct address address = address_from_ipv4(bytes);
		const struct matrix_end end = matrix_locate(matrix, &address);
		bool is_in = false;
		for (size_t i = 0; i < reach.count; i++) {
			is_in = is_in ||
				(memcmp(&reach.list[i].first, &address, 16) <= 0 &&
					memcmp(&address, &reach.list[i].last, 16) <= 0);
		}
		assert_int_equal(is_in, end.group == row->from.group);
	}
	reach_free(&reach);
	matrix_free(matrix);
}

static void assert_ports(const char *row, const char *wanted)
{
	char text[512];
	char shown[256] = "";
	struct reach_ports ports;
	(void)snprintf(text, sizeof(text), " - {id: A, %s}\n", row);
	struct matrix *matrix = loaded(text);
	reach_of_ports(matrix, first_row(matrix), &ports);
	for (size_t i = 0; i < ports.count; i++) {
		sentence_append(shown, sizeof(shown), "%s%u-%u", i ? " " : "",
			ports.list[i].first, ports.list[i].last);
	}
	assert_string_equal(shown, wanted);
	reach_ports_free(&ports);
	matrix_free(matrix);
}

static void ports_are_those_that_a_flow_of_the_row_may_have(void **state)
{
	(void)state;
	assert_ports("from: inner, to: a, protocols: [smtp, imap]", "25-25 143-143");
	assert_ports("from: inner, to: a, protocols: smtp, ports: [25, 2525-2530, 26]",
		"25-26 2525-2530");
	assert_ports("from: inner, to: a, protocols: all, ports: all", "1-65535");
	assert_ports("from: inner, to: a, protocols: mapi-rpc", "");
	assert_ports("from: a, to: a, protocols: smtp",
		"25-25 465-465 475-475 717-717 2525-2525");
}

static void ports_of_mail_are_those_that_name_a_protocol(void **state)
{
	(void)state;
	struct reach_ports ports;
	reach_of_mail_ports(&ports);
	assert_int_equal(ports.count, 8); /* 24 and 25 are one range */
	assert_int_equal(ports.list[0].first, 24);
	assert_int_equal(ports.list[7].last, 4190);
	reach_ports_free(&ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_narrower_prefix_is_taken_out_of_the_wider),
		cmocka_unit_test(the_internet_is_what_no_zone_holds_by_families),
		cmocka_unit_test(each_address_is_in_the_reach_of_the_end_that_holds_it),
		cmocka_unit_test(ports_are_those_that_a_flow_of_the_row_may_have),
		cmocka_unit_test(ports_of_mail_are_those_that_name_a_protocol),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
