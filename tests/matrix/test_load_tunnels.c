#include "made_matrix.h"

#include "matrix/words.h"

#define ROWS "rows: [{id: M-1, from: relay, to: mx-out, protocols: smtp}]\n"

static struct tunnel made_tunnel(
	enum tunnel_kind kind, const char *src, const char *dst)
{
	struct tunnel tunnel = {.kind = (uint8_t)kind};
	assert_true(address_parse(src, &tunnel.src));
	assert_true(address_parse(dst, &tunnel.dst));
	return tunnel;
}

static void a_tunnel_is_known_by_its_kind_and_both_ends(void **state)
{
	(void)state;
	struct matrix_problems problems;
	struct matrix *matrix = load_text(HEAD ROWS
		"tunnels:\n"
		"  mirror: {kind: erspan, ends: [198.51.100.1, "
		"203.0.113.0/28, 203.0.113.0/28]}\n"
		"  overlay: {kind: vxlan, ends: 203.0.113.16/28, zone: "
		"internal}\n",
		&problems);
	assert_non_null(matrix);
	size_t count;
	const struct matrix_tunnel *tunnels = matrix_tunnels(matrix, &count);
	assert_int_equal(count, 2);
	assert_null(tunnels[0].zone);
	assert_string_equal(tunnels[1].zone->name, "internal");
	struct tunnel tunnel =
		made_tunnel(TUNNEL_ERSPAN, "198.51.100.1", "203.0.113.5");
	assert_ptr_equal(matrix_tunnel_of(matrix, &tunnel), &tunnels[0]);
	tunnel = made_tunnel(TUNNEL_ERSPAN, "203.0.113.5", "198.51.100.1");
	assert_ptr_equal(matrix_tunnel_of(matrix, &tunnel), &tunnels[0]);
	tunnel = made_tunnel(TUNNEL_VXLAN, "203.0.113.16", "203.0.113.31");
	assert_ptr_equal(matrix_tunnel_of(matrix, &tunnel), &tunnels[1]);
	tunnel = made_tunnel(TUNNEL_GRE, "198.51.100.1", "203.0.113.5");
	assert_null(matrix_tunnel_of(matrix, &tunnel));
	tunnel = made_tunnel(TUNNEL_ERSPAN, "198.51.100.1", "203.0.113.16");
	assert_null(matrix_tunnel_of(matrix, &tunnel));
	tunnel = made_tunnel(TUNNEL_ERSPAN, "198.51.100.2", "203.0.113.5");
	assert_null(matrix_tunnel_of(matrix, &tunnel));
	matrix_free(matrix);
}

static void mistakes_in_tunnels_are_told_with_their_place(void **state)
{
	(void)state;
	assert_refused(HEAD ROWS "tunnels: {a: {kind: vxlna, ends: 203.0.113.1}}\n",
		"did you mean \"vxlan\"?");
	assert_refused(HEAD ROWS "tunnels: {a: {kind: vxlan}}\n",
		"made.yaml:11:14: tunnel a has no \"ends\"");
	assert_refused(HEAD ROWS "tunnels: {a: {ends: 203.0.113.1}}\n",
		"tunnel a has no \"kind\"");
	assert_refused(HEAD ROWS "tunnels: {a: {kind: gre, ends: 203.0.113.300}}\n",
		"203.0.113.300");
	assert_refused(HEAD ROWS "tunnels: {a: {kind: gre, ends: []}}\n",
		"\"ends\" is an empty list");
	assert_refused(HEAD ROWS "tunnels: {a: {kind: gre, ends: 203.0.113.1, zone: "
				 "gatewya}}\n",
		"\"gatewya\" is no declared zone; did you mean \"gateway\"?");
	assert_refused(HEAD ROWS "tunnels: {a: {kind: gre, end: 203.0.113.1}}\n",
		"did you mean \"ends\"?");
	assert_refused(HEAD ROWS "tunnels: [a]\n", "must be a mapping of names");
	assert_refused(HEAD ROWS "tunnels:\n  a: {kind: gre, ends: 203.0.113.1}\n"
				 "  a: {kind: gre, ends: 203.0.113.2}\n",
		"tunnel \"a\" is already declared (made.yaml:12)");
}

static void kinds_have_the_names_that_records_give_them(void **state)
{
	(void)state;
	for (int kind = 0; kind < TUNNEL_KIND_COUNT; kind++) {
		assert_string_equal(word_name(words_of_tunnels(), kind),
			tunnel_kind_name((enum tunnel_kind)kind));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tunnel_is_known_by_its_kind_and_both_ends),
		cmocka_unit_test(mistakes_in_tunnels_are_told_with_their_place),
		cmocka_unit_test(kinds_have_the_names_that_records_give_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
