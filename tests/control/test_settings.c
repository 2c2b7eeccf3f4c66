#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/settings.h"
#include "status/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static struct settings settings;
static struct problems problems;

static void start_anew(void)
{
	settings_free(&settings);
	settings_start(&settings);
}

static bool read_bytes(const char *bytes, size_t len)
{
	const int file = open(path, O_WRONLY | O_TRUNC);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, len), len);
	assert_int_equal(close(file), 0);
	start_anew();
	return settings_read(&settings, path, &problems);
}

static bool read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static size_t index_of(const char *name)
{
	size_t i = 0;
	while (strcmp(settings_key(i)->name, name) != 0) {
		i++;
	}
	return i;
}

/* The text is the only mistake; wanted is its place and words behind the file's name. */
static void assert_mistake(const char *text, const char *wanted)
{
	char expected[256];
	(void)snprintf(expected, sizeof(expected), "%s%s", path, wanted);
	assert_false(read_text(text));
	assert_string_equal(problems.list[0].text, expected);
	assert_int_equal(problems.count, 1);
}

static void every_key_of_a_file_arrives_in_its_place(void **state)
{
	(void)state;
	assert_true(
		read_text("matrix: [a.yaml, b.yaml]\n"
			  "interface: eth1\n"
			  "mode: enforce\n"
			  "workers: 2\n"
			  "user: watch\n"
			  "state-dir: /srv/state\n"
			  "host: sensor.example.org\n"
			  "table: 4096\n"
			  "silence: 60\n"
			  "blind-share: 25\n"
			  "fold: 10\n"
			  "ring: 8\n"
			  "shunt: yes\n"
			  "observed-pairs: 1000\n"
			  "queue-length: 64\n"
			  "action: [sender.illegitimate=drop]\n"
			  "alert-rate: sender.attempt=60\n"
			  "hold: 5\n"
			  "hold-ms: 6\n"
			  "ban: 7\n"
			  "recheck: all\n"
			  "fail-closed: yes\n"
			  "checksums: true\n"
			  "ndpi: no\n"
			  "journal: {size: 9, segment: 2, age: 3, sync: interval, "
			  "sync_ms: 20}\n"
			  "metrics: {names: [page.example.org, other.example.org]}\n"
			  "page: {write: no, language: fr, interval: 5}\n"
			  "outputs: []\n"));
	assert_int_equal(settings.matrices.count, 2);
	assert_string_equal(settings.matrices.values[1], "b.yaml");
	assert_string_equal(settings.interfaces.values[0], "eth1");
	assert_true(settings.policy.is_enforcing);
	assert_int_equal(settings.workers, 2);
	assert_string_equal(settings.user, "watch");
	assert_string_equal(settings.state_dir, "/srv/state");
	assert_string_equal(settings.host, "sensor.example.org");
	assert_int_equal(settings.flows, 4096);
	assert_int_equal(settings.silence_s, 60);
	assert_int_equal(settings.blind_share, 25);
	assert_int_equal(settings.fold_s, 10);
	assert_int_equal(settings.ring_mib, 8);
	assert_true(settings.is_shunt_wanted);
	assert_int_equal(settings.observed_pairs, 1000);
	assert_int_equal(settings.queue_length, 64);
	assert_int_equal(settings.hold_packets, 5);
	assert_int_equal(settings.hold_ms, 6);
	assert_int_equal(settings.policy.ban_s, 7);
	assert_int_equal(settings.policy.recheck, SETTINGS_RECHECK_ALL);
	assert_true(settings.is_fail_closed);
	assert_true(settings.is_verifying_checksums);
	assert_false(settings.is_second_opinion_wanted);
	assert_int_equal(settings.journal.total_bytes, 9 << 20);
	assert_int_equal(settings.journal.segment_bytes, 2 << 20);
	assert_int_equal(settings.journal.age_us, UINT64_C(3) * 3600 * 1000000);
	assert_int_equal(settings.journal.sync_us, 20000);
	assert_false(settings.journal.is_alert_synced);
	assert_int_equal(settings.metrics.names.count, 2);
	assert_string_equal(settings.metrics.names.values[1], "other.example.org");
	assert_false(settings.page.is_wanted);
	assert_int_equal(settings.page.language, TEXTS_FRENCH);
	assert_int_equal(settings.page.interval_s, 5);
}

static void an_empty_file_and_one_of_comments_leave_what_is_standard(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"", "\n", "# nothing\n", "---\n", "{}\n"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		assert_true(read_text(TEXTS[i]));
		assert_int_equal(settings.workers, 1);
		assert_int_equal(settings.observed_pairs, 262144);
		assert_false(settings.is_shunt_wanted);
		assert_string_equal(settings.state_dir, SETTINGS_STATE_DIR);
		assert_int_equal(settings.matrices.count, 0);
		assert_false(settings.policy.is_enforcing);
		assert_true(settings.page.is_wanted);
		assert_int_equal(settings.page.language, TEXTS_ENGLISH);
		assert_int_equal(settings.page.interval_s, 60);
	}
}

struct mistake {
	const char *text;
	const char *wanted;
};

static void assert_mistakes(const struct mistake *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert_mistake(list[i].text, list[i].wanted);
	}
}

static void a_value_that_is_none_of_its_key_is_told_where_it_stands(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"observed-pairs: 255\n", ":1:17: observed-pairs takes 256 to "
					  "1048576, not \"255\""},
		{"observed-pairs: 1048577\n", ":1:17: observed-pairs takes 256 to "
					      "1048576, not \"1048577\""},
		{"workers: 0\n", ":1:10: workers takes 1 to 32, not \"0\""},
		{"workers: 33\n", ":1:10: workers takes 1 to 32, not \"33\""},
		{"workers: -1\n", ":1:10: workers takes 1 to 32, not \"-1\""},
		{"workers: two\n", ":1:10: workers takes 1 to 32, not \"two\""},
		{"workers: 2x\n", ":1:10: workers takes 1 to 32, not \"2x\""},
		{"workers: 18446744073709551617\n",
			":1:10: workers takes 1 to 32, not \"18446744073709551617\""},
		{"workers:\n", ":1:9: workers takes 1 to 32, not \"\""},
		{"\n\ntable:   12\n",
			":3:10: table takes 1024 to 67108864, not \"12\""},
		{"silence: x\n", ":1:10: silence takes 0 to 2592000, not \"x\""},
		{"fold: 0\n", ":1:7: fold takes 1 to 2592000, not \"0\""},
		{"shunt: maybe\n", ":1:8: shunt takes yes or no, not \"maybe\""},
		{"ring: 1025\n", ":1:7: ring takes 1 to 1024, not \"1025\""},
		{"queue-length: 15\n",
			":1:15: queue-length takes 16 to 65536, not \"15\""},
		{"hold: 4097\n", ":1:7: hold takes 0 to 4096, not \"4097\""},
		{"hold-ms: 0\n", ":1:10: hold-ms takes 1 to 5000, not \"0\""},
		{"ban: 604801\n", ":1:6: ban takes 0 to 604800, not \"604801\""},
		{"mode: strict\n", ":1:7: mode takes audit or enforce, not \"strict\""},
		{"fail-closed: maybe\n",
			":1:14: fail-closed takes yes or no, not \"maybe\""},
		{"checksums: 1\n", ":1:12: checksums takes yes or no, not \"1\""},
		{"ndpi: YES\n", ":1:7: ndpi takes yes or no, not \"YES\""},
		{"user: ''\n", ":1:7: user is empty"},
		{"host: ''\n", ":1:7: host is empty"},
		{"state-dir: ''\n", ":1:12: state-dir is empty"},
		{"matrix: ''\n", ":1:9: matrix is empty"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
}

static void an_item_of_a_list_that_is_wrong_is_told_where_it_stands(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"interface:\n  - eth1\n  - an-interface-name\n",
			":3:5: \"an-interface-name\" is no name of an interface"},
		{"interface: [eth1, '']\n", ":1:19: interface is empty"},
		{"mode: [audit]\n", ":1:7: a single value is wanted"},
		{"queue: '1:'\n", ":1:8: queue takes a number or FIRST:LAST, 0 to "
				  "65535, not \"1:\""},
		{"queue: [0, '5:3']\n", ":1:12: queue takes a number or FIRST:LAST, 0 "
					"to 65535, not \"5:3\""},
		{"queue: 65536\n", ":1:8: queue takes a number or FIRST:LAST, 0 to "
				   "65535, not \"65536\""},
		{"queue: -1\n", ":1:8: queue takes a number or FIRST:LAST, 0 to 65535, "
				"not \"-1\""},
		{"queue: ' '\n", ":1:8: queue takes a number or FIRST:LAST, 0 to "
				 "65535, not \" \""},
		{"action: drop\n", ":1:9: drop: an action is FINDING=accept, refuse, "
				   "reject or drop"},
		{"action: [sender.illegitimate=burn]\n",
			":1:10: sender.illegitimate=burn: an action is FINDING=accept, "
			"refuse, reject or drop"},
		{"action: sender.ilegitimate=drop\n",
			":1:9: sender.ilegitimate: no such finding on a flow"},
		{"action: sensor.packet-loss=drop\n",
			":1:9: sensor.packet-loss: no such finding on a flow"},
		{"alert-rate: no.such=5\n", ":1:13: no.such: no such finding"},
		{"matrix: [a, {b: c}]\n", ":1:13: a single value is wanted"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
	assert_false(read_text("alert-rate: x\n"));
	assert_non_null(strstr(problems.list[0].text, ":1:13: alert-rate takes N or "));
}

static void a_key_that_is_misspelt_is_told_with_the_nearest(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"worker: 1\n",
			":1:1: unknown setting \"worker\"; did you mean \"workers\"?"},
		{"workers: 1\ninterfce: eth1\n", ":2:1: unknown setting \"interfce\"; "
						 "did you mean \"interface\"?"},
		{"journl: {}\n",
			":1:1: unknown setting \"journl\"; did you mean \"journal\"?"},
		{"output: []\n",
			":1:1: unknown setting \"output\"; did you mean \"outputs\"?"},
		{"elephant: 1\n", ":1:1: unknown setting \"elephant\""},
		{"config: x\n", ":1:1: unknown setting \"config\""},
		{"journal: {sise: 1}\n", ":1:11: unknown key of journal \"sise\"; did "
					 "you mean \"size\"?"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
}

static void a_key_that_is_given_twice_is_told(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"workers: 1\nworkers: 2\n", ":2:1: workers is given twice"},
		{"matrix: a\nring: 8\nmatrix: b\n", ":3:1: matrix is given twice"},
		{"journal: {}\njournal: {}\n", ":2:1: journal is given twice"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
}

static void a_value_of_the_wrong_shape_is_told(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"workers: [1, 2]\n", ":1:10: a single value is wanted"},
		{"mode: {audit: yes}\n", ":1:7: a single value is wanted"},
		{"- matrix\n", ":1:1: settings are lines \"key: value\""},
		{"matrix\n", ":1:1: settings are lines \"key: value\""},
		{"journal: 5\n", ":1:10: journal takes a mapping, not a value"},
		{"outputs: {}\n", ":1:10: outputs takes a list, not a mapping"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
}

static void a_journal_out_of_bounds_is_told(void **state)
{
	(void)state;
	static const struct mistake LIST[] = {
		{"journal:\n  size: 0\n", ":2:9: size takes 1 to 16777216, not \"0\""},
		{"journal:\n  segment: 65537\n",
			":2:12: segment takes 1 to 65536, not \"65537\""},
		{"journal:\n  age: x\n", ":2:8: age takes 0 to 87600, not \"x\""},
		{"journal:\n  sync_ms: 9\n",
			":2:12: sync_ms takes 10 to 600000, not \"9\""},
		{"journal:\n  sync: alrts\n", ":2:9: unknown sync \"alrts\"; did you "
					      "mean \"alerts\"?"},
		{"journal: {size: 10}\n",
			":1:10: journal: a segment is larger than all of it"},
		{"journal: {size: 100, size: 100}\n", ":1:22: size is given twice"},
	};
	assert_mistakes(LIST, sizeof(LIST) / sizeof(LIST[0]));
}

static void what_is_not_yaml_is_told_where_it_breaks(void **state)
{
	(void)state;
	static const char *const TEXTS[] = {"matrix: [a\n", "a: b: c\n",
		"matrix: \"x\n", "a: 1\n\tb: 2\n", "&x a: 1\nb: *x\n"};
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
		unsigned line = 0;
		unsigned column = 0;
		assert_false(read_text(TEXTS[i]));
		assert_int_equal(problems.count, 1);
		assert_int_equal(sscanf(problems.list[0].text + strlen(path),
					 ":%u:%u: ", &line, &column),
			2);
		assert_in_range(line, 1, 3);
	}
	assert_false(read_bytes("a: \xff\xfe\n", 6));
	assert_non_null(strstr(problems.list[0].text, "UTF-8"));
	assert_false(read_bytes("a: \0b\n", 6));
}

static void all_mistakes_are_told_not_only_the_first(void **state)
{
	(void)state;
	assert_false(read_text("workers: 0\nmod: audit\nring: 0\nqueue: [x, 1, y]\n"));
	assert_int_equal(problems.count, 5);
	assert_non_null(strstr(problems.list[0].text, ":1:10: workers takes"));
	assert_non_null(strstr(problems.list[1].text, ":2:1: unknown setting \"mod\""));
	assert_non_null(strstr(problems.list[2].text, ":3:7: ring takes"));
	assert_non_null(strstr(problems.list[3].text, ":4:9: queue takes"));
	assert_non_null(strstr(problems.list[4].text, ":4:15: queue takes"));
}

static void too_many_mistakes_end_with_one_that_says_so(void **state)
{
	(void)state;
	char text[2000] = "matrix: a\n";
	for (int i = 0; i < 50; i++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "elephant-%d: 1\n", i);
		(void)strncat(text, line, sizeof(text) - strlen(text) - 1);
	}
	assert_false(read_text(text));
	assert_int_equal(problems.count, PROBLEMS_MAX);
	assert_non_null(
		strstr(problems.list[PROBLEMS_MAX - 1].text, "more mistakes than 31"));
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	char expected[128];
	start_anew();
	assert_false(settings_read(&settings, "/nowhere/x.yaml", &problems));
	assert_string_equal(
		problems.list[0].text, "/nowhere/x.yaml: No such file or directory");
	assert_false(settings_read(&settings, "/", &problems));
	assert_string_equal(problems.list[0].text, "/: cannot read: Is a directory");
	static char large[64 * 1024 + 2];
	memset(large, '#', sizeof(large));
	assert_false(read_bytes(large, sizeof(large) - 1));
	(void)snprintf(expected, sizeof(expected), "%s: larger than 64 KiB", path);
	assert_string_equal(problems.list[0].text, expected);
	assert_true(read_bytes(large, sizeof(large) - 2));
}

static void options_come_behind_the_file_and_replace_its_lists(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	assert_true(read_text("matrix: [a, b]\ninterface: eth1\nworkers: 3\n"));
	assert_true(settings_set(&settings, index_of("matrix"), "c", &why));
	assert_true(settings_set(&settings, index_of("matrix"), "d", &why));
	assert_true(settings_set(&settings, index_of("workers"), "4", &why));
	assert_int_equal(settings.matrices.count, 2);
	assert_string_equal(settings.matrices.values[0], "c");
	assert_string_equal(settings.matrices.values[1], "d");
	assert_int_equal(settings.workers, 4);
	assert_string_equal(settings.interfaces.values[0], "eth1");
}

static void a_list_takes_as_many_as_it_has_room_for(void **state)
{
	(void)state;
	struct reason why = {.text = ""};
	start_anew();
	for (int i = 0; i < SETTINGS_LIST_MAX; i++) {
		assert_true(
			settings_set(&settings, index_of("interface"), "eth0", &why));
	}
	assert_false(settings_set(&settings, index_of("interface"), "eth0", &why));
	assert_string_equal(why.text, "more than 32 times interface");
}

static void queues_give_a_worker_each(void **state)
{
	(void)state;
	assert_true(read_text("queue: [5, '8:10']\nworkers: 2\n"));
	assert_int_equal(settings_workers(&settings), 4);
	assert_int_equal(settings_queue(&settings, 0), 5);
	assert_int_equal(settings_queue(&settings, 1), 8);
	assert_int_equal(settings_queue(&settings, 3), 10);
	assert_true(read_text("interface: eth1\nworkers: 2\n"));
	assert_int_equal(settings_workers(&settings), 2);
}

static void assert_unfit(const char *text, const char *wanted)
{
	struct reason why = {.text = ""};
	assert_true(read_text(text));
	assert_false(settings_check(&settings, &why));
	assert_string_equal(why.text, wanted);
}

static void settings_that_make_no_sense_together_are_told(void **state)
{
	(void)state;
	struct reason why;
	assert_unfit("interface: eth1\n", "no matrix given (-m MATRIX)");
	assert_unfit("matrix: a\n", "nothing to watch (-i IFACE or -q QUEUE)");
	assert_unfit("matrix: a\nqueue: 0\ninterface: eth1\n",
		"either interfaces or queues, not both: run two sensors");
	assert_unfit("matrix: a\nqueue: '0:64'\n", "more than 64 queues");
	assert_unfit("matrix: a\nqueue: 0\nhold: 4096\nqueue-length: 32\n",
		"hold 4096 leaves no room in a queue-length of 32: hold at most 8, or "
		"set queue-length to 16384 or more");
	assert_unfit("matrix: a\nqueue: 0\nhold: 1025\n",
		"hold 1025 leaves no room in a queue-length of 4096: hold at most "
		"1024, "
		"or set queue-length to 4100 or more");
	assert_true(read_text("matrix: a\nqueue: 0\nhold: 1024\n"));
	assert_true(settings_check(&settings, &why));
	assert_true(read_text("matrix: a\nqueue: 0\nhold: 8\nqueue-length: 32\n"));
	assert_true(settings_check(&settings, &why));
	assert_true(read_text("matrix: a\nqueue: '0:63'\n"));
	assert_true(settings_check(&settings, &why));
	assert_true(read_text("matrix: a\ninterface: eth1\n"));
	assert_true(settings_check(&settings, &why));
}

static int make_file(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/mailwarden-settings-XXXXXX");
	const int file = mkstemp(path);
	return file < 0 || close(file) != 0;
}

static int remove_file(void **state)
{
	(void)state;
	settings_free(&settings);
	return unlink(path);
}

#define BEFORE                                                            \
	"interface: eth1\nworkers: 2\nuser: watch\nmode: audit\nban: 7\n" \
	"outputs: [{name: a, type: file, path: /srv/a}]\n"

static void what_a_reload_does_not_take_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *wanted;
	} CHANGES[] = {
		{BEFORE, ""},
		{BEFORE "matrix: b.yaml\n", ""},
		{"interface: eth1\nworkers: 2\nuser: watch\nmode: enforce\nban: 8\n"
		 "action: port.unusual=drop\nexpired: enforce\nrecheck: all\n"
		 "outputs: [{name: a, type: file, path: /srv/a}]\n",
			""},
		{"interface: [eth1, eth2]\nworkers: 3\nuser: other\n"
		 "alert-rate: 5\nfail-closed: yes\n"
		 "outputs: [{name: a, type: file, path: /srv/b}]\n",
			"interface, workers, user, alert-rate, fail-closed, outputs"},
		{BEFORE "journal: {}\nmetrics: {listen: 127.0.0.1:9}\n",
			"journal, metrics"},
		{BEFORE "page: {write: no}\nshunt: yes\n", "shunt, page"},
	};
	assert_true(read_text(BEFORE));
	struct settings before = settings;
	settings = (struct settings){.workers = 0};
	for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
		char text[160];
		assert_true(read_text(CHANGES[i].text));
		assert_string_equal(
			settings_differences(&before, &settings, text, sizeof(text)),
			CHANGES[i].wanted);
	}
	settings_free(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_reload_does_not_take_is_named),
		cmocka_unit_test(every_key_of_a_file_arrives_in_its_place),
		cmocka_unit_test(
			an_empty_file_and_one_of_comments_leave_what_is_standard),
		cmocka_unit_test(
			a_value_that_is_none_of_its_key_is_told_where_it_stands),
		cmocka_unit_test(
			an_item_of_a_list_that_is_wrong_is_told_where_it_stands),
		cmocka_unit_test(a_key_that_is_misspelt_is_told_with_the_nearest),
		cmocka_unit_test(a_key_that_is_given_twice_is_told),
		cmocka_unit_test(a_value_of_the_wrong_shape_is_told),
		cmocka_unit_test(a_journal_out_of_bounds_is_told),
		cmocka_unit_test(what_is_not_yaml_is_told_where_it_breaks),
		cmocka_unit_test(all_mistakes_are_told_not_only_the_first),
		cmocka_unit_test(too_many_mistakes_end_with_one_that_says_so),
		cmocka_unit_test(a_file_that_cannot_be_read_is_told),
		cmocka_unit_test(options_come_behind_the_file_and_replace_its_lists),
		cmocka_unit_test(a_list_takes_as_many_as_it_has_room_for),
		cmocka_unit_test(queues_give_a_worker_each),
		cmocka_unit_test(settings_that_make_no_sense_together_are_told),
	};
	return cmocka_run_group_tests(tests, make_file, remove_file);
}
