/* What is declared and not used, how sure that is, and what is far wider than its use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../matrix/made_matrix.h"
#include "made_sighting.h"
#include "observed/unused.h"

#define DAYS 30
#define ROWS                                                                        \
	"  - {id: M-01, from: workstations, to: relay, protocols: [smtp], tls: "    \
	"starttls}\n"                                                               \
	"  - {id: M-02, from: [relay, mailboxes], to: mx-out, protocols: [smtp], "  \
	"tls: "                                                                     \
	"starttls}\n"                                                               \
	"  - {id: M-03, from: mx-in, to: relay, protocols: [smtp], tls: starttls, " \
	"expires: 2026-10-01}\n"

struct scene {
	struct matrix *matrix;
	struct observed *observed;
	struct unused unused;
	struct unused_settings settings;
	uint64_t edited_us;
	unsigned flows;
};

static uint64_t edited(void *context, const char *file)
{
	assert_string_equal(file, "made.yaml");
	return *(const uint64_t *)context;
}

static void begin_with(struct scene *scene, struct matrix *matrix)
{
	*scene = (struct scene){.matrix = matrix, .observed = made_observed(64)};
	scene->settings = (struct unused_settings){
		.days = DAYS, .edited_us = edited, .context = &scene->edited_us};
}

static struct matrix *load_text_of(const char *text)
{
	struct matrix_problems problems;
	struct matrix *matrix = load_text(text, &problems);
	if (problems.count > 0) {
		fail_msg("%s", problems.list[0].text);
	}
	return matrix;
}

static void begin(struct scene *scene)
{
	begin_with(scene, load_rows(ROWS));
}

/* SMTP under STARTTLS, so many days before the last one. */
static void see(
	struct scene *scene, const char *client, const char *server, unsigned days)
{
	struct sighting sighting = made_sighting(scene->flows++);
	sighting.client = made_address(client);
	sighting.server = made_address(server);
	sighting.shown = SIGHTING_ESTABLISHED;
	sighting.start_us -= days * MADE_DAY_US;
	sighting.end_us -= days * MADE_DAY_US;
	sighting.time_us -= days * MADE_DAY_US;
	observed_add(scene->observed, &sighting);
}

static void look(struct scene *scene)
{
	assert_true(unused_find(
		&scene->unused, scene->matrix, scene->observed, &scene->settings));
}

static void end(struct scene *scene)
{
	unused_free(&scene->unused);
	observed_free(scene->observed);
	matrix_free(scene->matrix);
}

static const char *name_of(const struct unused_item *item, char *text)
{
	switch (item->kind) {
	case UNUSED_GROUP:
		return item->group->name;
	case UNUSED_MEMBER:
		return matrix_member_text(item->member, text);
	default:
		return item->row->id;
	}
}

/* NULL: there is none. */
static const struct unused_item *item(
	const struct scene *scene, enum unused_kind kind, const char *name)
{
	char text[MATRIX_MEMBER_BYTES];
	for (size_t i = 0; i < scene->unused.count; i++) {
		const struct unused_item *at = &scene->unused.items[i];
		if (at->kind == kind && strcmp(name_of(at, text), name) == 0) {
			return at;
		}
	}
	return NULL;
}

static void a_row_without_a_flow_for_so_many_days_is_unused(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 0);
	see(&scene, "192.0.2.25", "198.51.100.2", DAYS); /* to the millisecond */
	see(&scene, "192.0.2.10", "198.51.100.2", DAYS + 1);
	look(&scene);
	assert_null(item(&scene, UNUSED_ROW, "M-01"));
	const struct unused_item *idle = item(&scene, UNUSED_ROW, "M-02");
	assert_non_null(idle);
	assert_int_equal(idle->proof, UNUSED_PROVEN);
	assert_false(idle->is_whole_row); /* the relay's flow is not so old */
	assert_string_equal(idle->row->from.group->name, "mailboxes");
	assert_true(idle->last_us > 0);
	assert_null(item(&scene, UNUSED_ROW, "M-03")); /* it is over */
	end(&scene);
}

static void a_row_of_which_no_pair_is_used_is_told_once(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 0);
	see(&scene, "192.0.2.70", "192.0.2.25", 2 * DAYS);
	look(&scene);
	unsigned count = 0;
	for (size_t i = 0; i < scene.unused.count; i++) {
		count += scene.unused.items[i].kind == UNUSED_ROW;
	}
	assert_int_equal(count, 1);
	assert_true(item(&scene, UNUSED_ROW, "M-02")->is_whole_row);
	assert_int_equal(item(&scene, UNUSED_ROW, "M-02")->last_us, 0);
	end(&scene);
}

static void a_flow_that_no_row_allowed_uses_none(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "198.51.100.2", 0);
	see(&scene, "192.0.2.70", "198.51.100.2", 2 * DAYS);
	look(&scene);
	assert_non_null(item(&scene, UNUSED_ROW, "M-01"));
	assert_null(item(&scene, UNUSED_GROUP, "workstations")); /* they are there */
	end(&scene);
}

static void nothing_is_proven_of_what_was_not_looked_at_for_so_long(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 0);
	see(&scene, "192.0.2.70", "192.0.2.25", DAYS - 1);
	look(&scene);
	assert_int_equal(item(&scene, UNUSED_ROW, "M-02")->proof, UNUSED_YOUNG);
	assert_int_equal(item(&scene, UNUSED_GROUP, "mx-in")->proof, UNUSED_YOUNG);
	assert_int_equal(scene.unused.proven, 0);
	end(&scene);
}

static void nothing_is_proven_of_what_was_edited_meanwhile(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	see(&scene, "192.0.2.70", "192.0.2.25", 0);
	see(&scene, "192.0.2.70", "192.0.2.25", 2 * DAYS);
	scene.edited_us = MADE_US - (DAYS - 1) * MADE_DAY_US;
	look(&scene);
	assert_int_equal(item(&scene, UNUSED_ROW, "M-02")->proof, UNUSED_EDITED);
	assert_int_equal(scene.unused.proven, 0);
	unused_free(&scene.unused);
	scene.edited_us = MADE_US - (DAYS + 1) * MADE_DAY_US;
	look(&scene);
	assert_int_equal(item(&scene, UNUSED_ROW, "M-02")->proof, UNUSED_PROVEN);
	end(&scene);
}

static void groups_and_the_members_of_those_that_are_used_are_told(void **state)
{
	(void)state;
	struct scene scene;
	begin_with(&scene,
		load_text_of(
			"schema: 1\n"
			"zones: {internal: [192.0.2.0/24]}\n"
			"groups:\n"
			"  clients: {role: client, addresses: [192.0.2.64/27, "
			"192.0.2.101-192.0.2.103, "
			"192.0.2.200]}\n"
			"  relay: {role: relay, addresses: [192.0.2.25, 192.0.2.26]}\n"
			"  old: {role: application, addresses: [192.0.2.9]}\n"
			"  names: {role: resolver, addresses: [192.0.2.53]}\n"
			"rows:\n"
			"  - {id: M-01, from: clients, to: relay, protocols: [smtp], "
			"tls: starttls}\n"));
	see(&scene, "192.0.2.102", "192.0.2.25", 0);
	see(&scene, "192.0.2.65", "192.0.2.25", 2 * DAYS);
	look(&scene);
	assert_non_null(item(&scene, UNUSED_GROUP, "old"));
	assert_null(item(&scene, UNUSED_MEMBER, "192.0.2.9")); /* with its group */
	assert_null(item(&scene, UNUSED_GROUP, "names")); /* asks DNS, sends no mail */
	assert_non_null(item(&scene, UNUSED_MEMBER, "192.0.2.200"));
	assert_int_equal(item(&scene, UNUSED_MEMBER, "192.0.2.200")->last_us, 0);
	assert_true(item(&scene, UNUSED_MEMBER, "192.0.2.64/27")->last_us > 0);
	assert_null(item(&scene, UNUSED_MEMBER, "192.0.2.101-192.0.2.103"));
	assert_non_null(item(&scene, UNUSED_MEMBER, "192.0.2.26"));
	assert_null(item(&scene, UNUSED_MEMBER, "192.0.2.25"));
	end(&scene);
}

static void a_row_that_admits_far_more_than_it_is_used_by_is_told_with_a_narrower_one(
	void **state)
{
	(void)state;
	struct scene scene;
	char text[NETWORK_TEXT_BYTES];
	begin_with(&scene, load_rows("  - {id: M-01, from: internal, to: relay, "
				     "protocols: all, tls: optional}\n"));
	see(&scene, "192.0.2.70", "192.0.2.25", 0);
	see(&scene, "192.0.2.71", "192.0.2.25", 0);
	see(&scene, "192.0.2.10", "192.0.2.25", 0);
	look(&scene);
	const struct unused_item *wide = item(&scene, UNUSED_WIDE, "M-01");
	assert_non_null(wide);
	assert_int_equal(wide->end, 0);
	assert_int_equal(wide->hosts, 3);
	assert_true(wide->addresses == 256);
	assert_int_equal(wide->narrow_count, 3);
	assert_string_equal(network_text(&wide->narrow[0], text), "192.0.2.10");
	const struct unused_item *protocols = wide + 1;
	assert_int_equal(protocols->kind, UNUSED_WIDE);
	assert_int_equal(protocols->narrow_count, 0);
	assert_int_equal(protocols->protocols, PROTOCOL_BIT(PROTOCOL_SMTP));
	end(&scene);
}

static void many_hosts_become_few_networks(void **state)
{
	(void)state;
	struct scene scene;
	char text[NETWORK_TEXT_BYTES];
	begin_with(&scene, load_rows("  - {id: M-01, from: internal, to: relay, "
				     "protocols: [smtp], tls: starttls}\n"));
	for (unsigned i = 0; i < 8; i++) {
		char host[32];
		(void)snprintf(host, sizeof(host), "192.0.2.%u", 72 + i);
		see(&scene, host, "192.0.2.25", 0);
	}
	see(&scene, "192.0.2.10", "192.0.2.25", 0);
	look(&scene);
	const struct unused_item *wide = item(&scene, UNUSED_WIDE, "M-01");
	assert_non_null(wide);
	assert_int_equal(wide->hosts, 9);
	assert_int_equal(wide->narrow_count, UNUSED_NARROW_MAX);
	assert_string_equal(network_text(&wide->narrow[0], text), "192.0.2.10");
	for (size_t i = 1; i < wide->narrow_count; i++) {
		assert_true(wide->narrow[i].bits >= 96 + 29);
	}
	end(&scene);
}

static void a_row_that_half_of_its_hosts_use_is_as_wide_as_it_must_be(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (unsigned i = 64; i < 80; i++) {
		char host[32];
		(void)snprintf(host, sizeof(host), "192.0.2.%u", i);
		see(&scene, host, "192.0.2.25", 0);
	}
	look(&scene);
	assert_null(item(&scene, UNUSED_WIDE, "M-01"));
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_without_a_flow_for_so_many_days_is_unused),
		cmocka_unit_test(a_row_of_which_no_pair_is_used_is_told_once),
		cmocka_unit_test(a_flow_that_no_row_allowed_uses_none),
		cmocka_unit_test(
			nothing_is_proven_of_what_was_not_looked_at_for_so_long),
		cmocka_unit_test(nothing_is_proven_of_what_was_edited_meanwhile),
		cmocka_unit_test(
			groups_and_the_members_of_those_that_are_used_are_told),
		cmocka_unit_test(
			a_row_that_admits_far_more_than_it_is_used_by_is_told_with_a_narrower_one),
		cmocka_unit_test(many_hosts_become_few_networks),
		cmocka_unit_test(
			a_row_that_half_of_its_hosts_use_is_as_wide_as_it_must_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
