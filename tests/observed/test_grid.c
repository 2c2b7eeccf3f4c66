/* Who speaks with whom: declared across seen, the gravest of what applies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "made_sighting.h"
#include "matrix/sentence.h"
#include "observed/grid.h"

#define ROWS                                                                          \
	"  - {id: M-01, from: workstations, to: relay, protocols: [smtp], tls: "      \
	"starttls}\n"                                                                 \
	"  - {id: M-02, from: relay, to: mx-out, protocols: [smtp], tls: starttls}\n" \
	"  - {id: M-03, from: internal, to: mailboxes, protocols: [imaps], tls: "     \
	"required}\n"

struct scene {
	struct matrix *matrix;
	struct observed *observed;
	struct grid *grid;
	unsigned flows;
};

static void begin(struct scene *scene)
{
	*scene = (struct scene){
		.matrix = load_rows(ROWS), .observed = made_observed(64)};
}

/* The next flow of SMTP under STARTTLS from one to the other. */
static struct sighting flow(struct scene *scene, const char *client, const char *server)
{
	struct sighting sighting = made_sighting(scene->flows++);
	sighting.client = made_address(client);
	sighting.server = made_address(server);
	sighting.shown = SIGHTING_ESTABLISHED;
	return sighting;
}

static void see(struct scene *scene, const char *client, const char *server)
{
	const struct sighting sighting = flow(scene, client, server);
	observed_add(scene->observed, &sighting);
}

static void look(struct scene *scene)
{
	scene->grid = grid_new(scene->matrix, scene->observed);
	assert_non_null(scene->grid);
}

static void end(struct scene *scene)
{
	grid_free(scene->grid);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static size_t end_named(const struct scene *scene, const char *name)
{
	char text[SENTENCE_END_BYTES];
	for (size_t i = 0; i < grid_ends(scene->grid); i++) {
		if (strcmp(grid_end_name(scene->grid, i, text), name) == 0) {
			return i;
		}
	}
	fail_msg("no end is called %s", name);
	return 0;
}

static enum grid_state state(
	const struct scene *scene, const char *from, const char *to)
{
	return grid_state(scene->grid, end_named(scene, from), end_named(scene, to));
}

static const struct grid_cell *cell(
	const struct scene *scene, const char *from, const char *to)
{
	size_t count = 0;
	const struct grid_cell *cells = grid_cells(scene->grid, &count);
	for (size_t i = 0; i < count; i++) {
		if (cells[i].from == end_named(scene, from) &&
			cells[i].to == end_named(scene, to)) {
			return &cells[i];
		}
	}
	fail_msg("nothing from %s to %s", from, to);
	return NULL;
}

static void what_is_declared_and_seen_is_told_from_what_was_never_seen(void **state_)
{
	(void)state_;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	see(&scene, "192.0.2.71", "192.0.2.25");
	look(&scene);
	assert_int_equal(state(&scene, "workstations", "relay"), GRID_USED);
	assert_int_equal(state(&scene, "relay", "mx-out"), GRID_UNUSED);
	assert_int_equal(state(&scene, "relay", "workstations"), GRID_EMPTY);
	const struct grid_cell *used = cell(&scene, "workstations", "relay");
	assert_int_equal(used->flows[HELD_ALLOWED], 2);
	assert_int_equal(grid_flows(used), 2);
	assert_int_equal(used->encrypted, 2);
	assert_int_equal(used->protocols, PROTOCOL_BIT(PROTOCOL_SMTP));
	assert_string_equal(used->row->id, "M-01");
	assert_int_equal(grid_count(scene.grid, GRID_UNUSED), 2);
	assert_false(grid_end_is_used(scene.grid, end_named(&scene, "mx-in")));
	assert_true(grid_end_is_used(scene.grid, end_named(&scene, "mx-out")));
	end(&scene);
}

static void what_breaks_a_recommendation_is_told_from_what_nobody_declared(
	void **state_)
{
	(void)state_;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "203.0.113.9"); /* a workstation sends by itself */
	see(&scene, "192.0.2.25", "192.0.2.10");  /* the relay fills a mailbox */
	look(&scene);
	assert_int_equal(state(&scene, "workstations", "internet"), GRID_FORBIDDEN);
	const struct grid_cell *forbidden = cell(&scene, "workstations", "internet");
	assert_true(forbidden->reasons & FINDING_BIT(FINDING_SENDER_ILLEGITIMATE));
	assert_int_equal(forbidden->flow_id, 1);
	assert_int_equal(state(&scene, "relay", "mailboxes"), GRID_UNDECLARED);
	assert_int_equal(cell(&scene, "relay", "mailboxes")->reasons, 0);
	end(&scene);
}

/* One bad flow among many good ones is what the cell shows, and both are counted. */
static void the_gravest_state_of_a_cell_is_shown(void **state_)
{
	(void)state_;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	struct sighting clear = flow(&scene, "192.0.2.70", "192.0.2.25");
	clear.tls = FACTS_TLS_NONE;
	clear.tls_version = 0;
	clear.shown = SIGHTING_CONTENT_CLEAR;
	observed_add(scene.observed, &clear);
	look(&scene);
	const struct grid_cell *mixed = cell(&scene, "workstations", "relay");
	assert_int_equal(mixed->state, GRID_FORBIDDEN);
	assert_true(mixed->reasons & FINDING_BIT(FINDING_TLS_MISSING));
	assert_int_equal(mixed->flows[HELD_ALLOWED], 1);
	assert_int_equal(mixed->flows[HELD_FORBIDDEN], 1);
	assert_int_equal(mixed->encrypted, 1);
	assert_int_equal(mixed->rows, 1);
	assert_int_equal(mixed->rows_used, 1);
	end(&scene);
}

/* A row of a zone allows the hosts of its groups: they have used it. */
static void a_state_is_as_old_as_the_first_flow_that_gave_it(void **state_)
{
	(void)state_;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25");
	for (unsigned day = 3; day > 1; day--) {
		struct sighting clear = flow(&scene, "192.0.2.70", "192.0.2.25");
		clear.client.bytes[15] ^= (uint8_t)day; /* another pair */
		clear.start_us = MADE_US + day * MADE_DAY_US;
		clear.end_us = clear.time_us = clear.start_us + 1;
		clear.tls = FACTS_TLS_NONE;
		clear.tls_version = 0;
		clear.shown = SIGHTING_CONTENT_CLEAR;
		observed_add(scene.observed, &clear);
	}
	look(&scene);
	assert_int_equal(cell(&scene, "workstations", "relay")->state, GRID_FORBIDDEN);
	assert_int_equal(cell(&scene, "workstations", "relay")->since_us,
		MADE_US + 2 * MADE_DAY_US);
	assert_int_equal(cell(&scene, "relay", "mx-out")->since_us, 0);
	end(&scene);
}

static void a_row_of_a_zone_is_used_by_the_groups_in_it(void **state_)
{
	(void)state_;
	struct scene scene;
	begin(&scene);
	struct sighting imaps = flow(&scene, "192.0.2.70", "192.0.2.10");
	imaps.protocol = PROTOCOL_IMAPS;
	imaps.tls = FACTS_TLS_IMPLICIT;
	imaps.port = imaps.server_port = 993;
	observed_add(scene.observed, &imaps);
	look(&scene);
	assert_int_equal(state(&scene, "workstations", "mailboxes"), GRID_USED);
	assert_string_equal(cell(&scene, "workstations", "mailboxes")->row->id, "M-03");
	assert_int_equal(state(&scene, "internal (no group)", "mailboxes"), GRID_USED);
	assert_int_equal(
		grid_flows(cell(&scene, "internal (no group)", "mailboxes")), 0);
	end(&scene);
}

static void without_traffic_all_that_is_declared_was_never_seen(void **state_)
{
	(void)state_;
	struct scene scene;
	size_t count = 0;
	begin(&scene);
	look(&scene);
	(void)grid_cells(scene.grid, &count);
	assert_int_equal(count, 3);
	assert_int_equal(grid_count(scene.grid, GRID_UNUSED), 3);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_is_as_old_as_the_first_flow_that_gave_it),
		cmocka_unit_test(
			what_is_declared_and_seen_is_told_from_what_was_never_seen),
		cmocka_unit_test(
			what_breaks_a_recommendation_is_told_from_what_nobody_declared),
		cmocka_unit_test(the_gravest_state_of_a_cell_is_shown),
		cmocka_unit_test(a_row_of_a_zone_is_used_by_the_groups_in_it),
		cmocka_unit_test(without_traffic_all_that_is_declared_was_never_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
