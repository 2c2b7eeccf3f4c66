/* status/cells: who speaks with whom, in bounds. */
#include "status/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sighting flow(const char *from, const char *to, enum protocol protocol)
{
	struct sighting sighting = {.protocol = (uint8_t)protocol,
		.verdict = VERDICT_LEGITIMATE,
		.tls = FACTS_TLS_NONE};
	(void)snprintf(sighting.groups[0], SIGHTING_ID_BYTES, "%s", from);
	(void)snprintf(sighting.groups[1], SIGHTING_ID_BYTES, "%s", to);
	return sighting;
}

static struct cells *no_cells(void)
{
	struct cells *cells = calloc(1, sizeof(*cells));
	assert_non_null(cells);
	return cells;
}

static uint64_t others(const struct cells *cells)
{
	return cells->others[VERDICT_UNDECIDED] + cells->others[VERDICT_LEGITIMATE] +
	       cells->others[VERDICT_ILLEGITIMATE];
}

static void flows_that_differ_in_nothing_but_tls_are_one_cell(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	struct sighting sighting = flow("relay", "mx-out", PROTOCOL_SMTP);
	cells_take(cells, &sighting);
	cells_take(cells, &sighting);
	sighting.tls = FACTS_TLS_STARTTLS;
	cells_take(cells, &sighting);
	assert_int_equal(cells_count(cells), 1);
	assert_int_equal(cells_flows(&cells->cells[0]), 3);
	assert_int_equal(cells->cells[0].flows[FACTS_TLS_NONE], 2);
	assert_int_equal(cells->cells[0].flows[FACTS_TLS_STARTTLS], 1);
	free(cells);
}

static void each_end_protocol_and_verdict_has_a_cell_of_its_own(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	struct sighting sighting = flow("relay", "mx-out", PROTOCOL_SMTP);
	cells_take(cells, &sighting);
	sighting.verdict = VERDICT_ILLEGITIMATE;
	cells_take(cells, &sighting);
	sighting = flow("relay", "mx-out", PROTOCOL_SMTPS);
	cells_take(cells, &sighting);
	sighting = flow("mx-out", "relay", PROTOCOL_SMTP);
	cells_take(cells, &sighting);
	sighting = flow("relay", "mx-out2", PROTOCOL_SMTP);
	cells_take(cells, &sighting);
	assert_int_equal(cells_count(cells), 5);
	assert_int_equal(cells_end_count(cells), 3);
	assert_string_equal(cells_end(cells, cells->cells[3].from), "mx-out");
	assert_string_equal(cells_end(cells, cells->cells[3].to), "relay");
	free(cells);
}

static void what_is_no_mail_is_one_protocol(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	struct sighting sighting = flow("internal", "internet", PROTOCOL_SSH);
	cells_take(cells, &sighting);
	sighting = flow("internal", "internet", PROTOCOL_OTHER);
	cells_take(cells, &sighting);
	sighting = flow("internal", "internet", PROTOCOL_ATTEMPT);
	cells_take(cells, &sighting);
	assert_int_equal(cells_count(cells), 2);
	assert_int_equal(cells->cells[0].protocol, PROTOCOL_MAIL_LAST + 1);
	assert_int_equal(cells_flows(&cells->cells[0]), 2);
	free(cells);
}

static void flows_without_room_for_their_cell_are_counted_apart(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	char from[16];
	char to[16];
	/* 64 x 64 pairs: more than there are cells, with ends that all have room */
	for (unsigned i = 0; i < 4096; i++) {
		(void)snprintf(from, sizeof(from), "group-%u", i / 64);
		(void)snprintf(to, sizeof(to), "group-%u", i % 64);
		const struct sighting sighting = flow(from, to, PROTOCOL_SMTP);
		cells_take(cells, &sighting);
	}
	assert_int_equal(cells_end_count(cells), 64);
	assert_int_equal(cells_count(cells), CELLS_MAX);
	assert_int_equal(cells->others[VERDICT_LEGITIMATE], 4096 - CELLS_MAX);
	assert_int_equal(others(cells), 4096 - CELLS_MAX);
	/* one that has a cell goes on being counted there */
	const struct sighting known = flow("group-0", "group-1", PROTOCOL_SMTP);
	cells_take(cells, &known);
	assert_int_equal(others(cells), 4096 - CELLS_MAX);
	assert_int_equal(cells_flows(&cells->cells[1]), 2);
	free(cells);
}

static void flows_without_room_for_their_end_are_counted_apart(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	char from[16];
	for (unsigned i = 0; i < CELLS_ENDS + 10; i++) { /* "hub" is one end */
		(void)snprintf(from, sizeof(from), "group-%u", i);
		struct sighting sighting = flow("hub", from, PROTOCOL_SMTP);
		sighting.verdict = VERDICT_ILLEGITIMATE;
		cells_take(cells, &sighting);
	}
	assert_int_equal(cells_end_count(cells), CELLS_ENDS);
	assert_int_equal(cells_count(cells), CELLS_ENDS - 1);
	assert_int_equal(cells->others[VERDICT_ILLEGITIMATE], 11);
	assert_int_equal(others(cells), 11);
	free(cells);
}

static void a_page_that_lies_is_read_in_bounds(void **state)
{
	(void)state;
	struct cells *cells = no_cells();
	const struct sighting sighting = flow("relay", "mx-out", PROTOCOL_SMTP);
	memset(cells, 0xff, sizeof(*cells));
	assert_int_equal(cells_count(cells), CELLS_MAX);
	assert_int_equal(cells_end_count(cells), CELLS_ENDS);
	cells_take(cells, &sighting); /* neither end nor cell has room */
	cells->end_count = 1;
	assert_string_equal(cells_end(cells, 1), "?");
	assert_string_not_equal(cells_end(cells, 0), "?");
	free(cells);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_that_differ_in_nothing_but_tls_are_one_cell),
		cmocka_unit_test(each_end_protocol_and_verdict_has_a_cell_of_its_own),
		cmocka_unit_test(what_is_no_mail_is_one_protocol),
		cmocka_unit_test(flows_without_room_for_their_cell_are_counted_apart),
		cmocka_unit_test(flows_without_room_for_their_end_are_counted_apart),
		cmocka_unit_test(a_page_that_lies_is_read_in_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
