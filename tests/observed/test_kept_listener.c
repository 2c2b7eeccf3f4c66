/* observed/kept: who else hears of the records, and what it knows of those before it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_sighting.h"
#include "observed/kept.h"
#include "observed/observed_file.h"

#define LINE(type, to)                                                              \
	"{\"event_type\":\"" type "\",\"src_ip\":\"192.0.2.70\",\"src_port\":4000," \
	"\"dest_ip\":\"192.0.2.25\",\"dest_port\":25,\"mail\":{\"protocol\":"       \
	"\"smtp\",\"verdict\":\"illegitimate\",\"from_group\":\"internal\","        \
	"\"to_group\":\"" to "\"}}\n"

struct folder {
	char path[32];
	int descriptor;
};

static struct folder make_folder(void)
{
	struct folder folder = {.path = "/tmp/kept-XXXXXX"};
	assert_non_null(mkdtemp(folder.path));
	folder.descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder.descriptor >= 0);
	return folder;
}

static void remove_folder(const struct folder *folder)
{
	(void)unlinkat(folder->descriptor, KEPT_FILE, 0);
	assert_int_equal(close(folder->descriptor), 0);
	assert_int_equal(rmdir(folder->path), 0);
}

struct heard {
	unsigned count;
	char to[SIGHTING_ID_BYTES];
};

static void hear(void *context, const struct sighting *sighting)
{
	struct heard *heard = (struct heard *)context;
	heard->count++;
	memcpy(heard->to, sighting->groups[1], sizeof(heard->to));
	assert_string_equal(sighting->groups[0], "internal");
	assert_int_equal(sighting->verdict, VERDICT_ILLEGITIMATE);
}

static void a_listener_hears_of_each_mail_flow_and_of_nothing_else(void **state)
{
	(void)state;
	static const char LINES[] = LINE("mail", "relay")
		LINE("alert", "mx-in") "no record\n" LINE("mail", "mx-out");
	struct reason why;
	struct kept kept;
	struct heard heard = {.count = 0};
	const struct folder folder = make_folder();
	assert_true(kept_start(&kept, folder.descriptor, 1024, &why));
	kept_take(&kept, LINES, sizeof(LINES) - 1); /* nobody listens */
	kept.listener = (struct kept_listener){hear, &heard};
	kept_take(&kept, LINES, sizeof(LINES) - 1);
	assert_int_equal(heard.count, 2);
	assert_string_equal(heard.to, "mx-out");
	kept_end(&kept);
	remove_folder(&folder);
}

static void what_was_given_up_before_is_known_behind_a_restart(void **state)
{
	(void)state;
	for (unsigned pairs = 16; pairs <= 40; pairs += 24) {
		struct reason why;
		struct kept kept;
		struct observed_totals totals;
		const struct folder folder = make_folder();
		struct observed *before = made_observed(16);
		for (unsigned i = 0; i < pairs; i++) {
			struct sighting sighting = made_sighting(i);
			sighting.client.bytes[15] = (uint8_t)i;
			observed_add(before, &sighting);
		}
		char path[64];
		(void)snprintf(path, sizeof(path), "%s/" KEPT_FILE, folder.path);
		assert_true(observed_file_save(before, path, &why));
		observed_free(before);
		assert_true(kept_start(&kept, folder.descriptor, 1024, &why));
		observed_totals(kept.observed, &totals);
		assert_int_equal(observed_is_partial(&totals), pairs > 16);
		kept_end(&kept);
		remove_folder(&folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_listener_hears_of_each_mail_flow_and_of_nothing_else),
		cmocka_unit_test(what_was_given_up_before_is_known_behind_a_restart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
