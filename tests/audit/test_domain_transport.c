/* TLSA records and the MTA-STS policy of a domain, on zones and pages of our own, held against the matrix. */
#include "made_zone.h"

#include "audit/domain.h"
#include "matrix/load.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define KEY                                                                            \
	"3059301306072a8648ce3d020106082a8648ce3d030107034200040d382115f25196fdbe8623" \
	"2f1a"                                                                         \
	"f5de651e7db412ba79c8977d4497a3536764ae7b891e05782f878b4345892723dcd0aa914de6" \
	"b5ea"                                                                         \
	"faf475eb7ad54539b29467"
#define DIGEST "abababababababababababababababababababababababababababababababab"
#define ZONE                                            \
	"d.example MX 10 mx.d.example\nmx.d.example A " \
	"198.51.100.3\nmta-sts.d.example "              \
	"A 198.51.100.80\n_mta-sts.d.example TXT v=STSv1; id=1\n"

#define PINS_MAX 8

struct scene {
	const char *matrix;
	const char *zone;
	const char *policy;
	struct audit_answers answers;
	struct server_pin pins[PINS_MAX];
	size_t pin_count;
};

static void take_pin(void *context, const struct server_pin *pin)
{
	struct scene *scene = context;
	assert_in_range(scene->pin_count, 0, PINS_MAX - 1);
	scene->pins[scene->pin_count++] = *pin;
}

static void fetch(
	void *context, const struct https_request *request, struct https_answer *answer)
{
	const struct scene *scene = context;
	assert_string_equal(request->host, "mta-sts.d.example");
	*answer = (struct https_answer){.outcome = HTTPS_FOUND,
		.type = "text/plain",
		.body = text_from(scene->policy)};
}

static void ask(struct scene *scene)
{
	struct matrix_problems problems = {.count = 0};
	struct made_zone zone = {.text = scene->zone, .is_secure = true};
	const struct matrix_source source = {
		"made", scene->matrix, strlen(scene->matrix)};
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	assert_non_null(matrix);
	const struct rr_resolver resolver = {made_ask, &zone};
	const struct https_fetcher web = {fetch, scene};
	const struct domain_audit audit = {.matrix = matrix,
		.resolver = &resolver,
		.web = &web,
		.has_trust_anchor = true,
		.answers = &scene->answers,
		.pinned = take_pin,
		.pinned_context = scene};
	audit_domain(&audit, "d.example");
	matrix_free(matrix);
	made_free(&zone);
}

/* Each answer to the check: "no: why\n". */
static const char *told(const struct scene *scene, const char *check)
{
	static char text[4096];
	text[0] = '\0';
	for (size_t i = 0; i < scene->answers.count; i++) {
		const struct audit_answer *one = &scene->answers.list[i];
		const size_t len = strlen(text);
		if (strcmp(one->check->id, check) == 0) {
			(void)snprintf(text + len, sizeof(text) - len, "%s: %s\n",
				audit_state_word(one->state), one->why);
		}
	}
	return text;
}

#define MATRIX_OF(groups, rows)                                                      \
	"schema: 1\nzones: {internal: [192.0.2.0/24], gateway: [198.51.100.0/28]}\n" \
	"groups:\n  mx: {role: inbound, addresses: [198.51.100.3]}\n" groups         \
	"rows:\n  - {id: A, from: internet, to: mx, protocols: [smtp], tls: "        \
	"offered}\n" rows
#define POLICY "version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx.d.example\n"

static void a_tlsa_record_that_cannot_be_read_is_none(void **state)
{
	(void)state;
	static const struct {
		const char *record;
		const char *valid;
		size_t pins;
	} ROWS[] = {
		{"030101" DIGEST, "yes: mx.d.example: 1\n", 1},
		{"030100" KEY, "yes: mx.d.example: 1\n", 1},
		{"030100deadbeef",
			"no: TLSA record 1 of mx.d.example: it holds no key that can "
			"be read\n",
			0},
		{"030000" KEY,
			"no: TLSA record 1 of mx.d.example: it holds no certificate "
			"that can be read\n",
			0},
		{"030100" KEY "00",
			"no: TLSA record 1 of mx.d.example: it holds no key that can "
			"be read\n",
			0},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		char zone[1024];
		struct scene scene = {
			.matrix = MATRIX_OF("", ""), .zone = zone, .policy = ""};
		(void)snprintf(zone, sizeof(zone), ZONE "_25._tcp.mx.d.example TLSA %s",
			ROWS[i].record);
		ask(&scene);
		assert_string_equal(told(&scene, "dane.valid"), ROWS[i].valid);
		assert_int_equal(scene.pin_count, ROWS[i].pins);
		audit_answers_free(&scene.answers);
	}
}

static void a_record_of_dane_ta_bears_the_domain_and_one_of_dane_ee_does_not(
	void **state)
{
	(void)state;
	struct scene scene = {.matrix = MATRIX_OF("", ""),
		.zone = ZONE "_25._tcp.mx.d.example TLSA 030101" DIGEST
			     "\n_25._tcp.mx.d.example TLSA 020101" DIGEST,
		.policy = ""};
	ask(&scene);
	assert_int_equal(scene.pin_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct server_pin *pin = &scene.pins[i];
		assert_string_equal(pin->host, "mx.d.example");
		assert_string_equal(
			pin->domain, pin->pin.usage == 2 ? "d.example" : "");
	}
	assert_int_equal(scene.pins[0].pin.usage + scene.pins[1].pin.usage, 5);
	audit_answers_free(&scene.answers);
}

#define BY_NAME                                                                 \
	"  cloud: {role: inbound, names: [mx.cloud.example]}\n  other: {role: " \
	"inbound, names: [mx.other.example]}\n"
#define CLOUD_ROW                                                                      \
	"  - {id: B, from: internet, to: cloud, protocols: [smtp], tls: offered}\n"    \
	"  - {id: C, from: internet, to: mx, protocols: [smtp], tls: offered, ports: " \
	"[2525]}\n"

static void a_group_of_names_without_addresses_is_declared_for_policies(void **state)
{
	(void)state;
	static const struct {
		const char *more; /* of the policy */
		const char *declared;
		const char *published;
	} ROWS[] = {
		{"mx: mx.cloud.example\n", "yes: all of 2\n", "yes: all of 1\n"},
		{"", "yes: all of 1\n",
			"no: mx.cloud.example (cloud) is none of its mx\n"},
		{"mx: mx.cloud.example\nmx: mx.other.example\n", /* no row leads there */
			"no: mx: mx.other.example is neither\n", "yes: all of 1\n"},
	};
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		char policy[512];
		struct scene scene = {.matrix = MATRIX_OF(BY_NAME, CLOUD_ROW),
			.zone = ZONE,
			.policy = policy};
		(void)snprintf(policy, sizeof(policy), POLICY "%s", ROWS[i].more);
		ask(&scene);
		assert_string_equal(told(&scene, "mtasts.declared"), ROWS[i].declared);
		assert_string_equal(
			told(&scene, "mtasts.published"), ROWS[i].published);
		audit_answers_free(&scene.answers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tlsa_record_that_cannot_be_read_is_none),
		cmocka_unit_test(
			a_record_of_dane_ta_bears_the_domain_and_one_of_dane_ee_does_not),
		cmocka_unit_test(
			a_group_of_names_without_addresses_is_declared_for_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
