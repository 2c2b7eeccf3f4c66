#include "commands/check_settings.h"

#include "base/columns.h"
#include "commands/command.h"
#include "control/privileges.h"
#include "control/settings.h"
#include "matrix/matrix.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* Whether a sensor of this user could read it now; the secret is not kept. */
static bool check_secrets(const struct output *output, struct problems *problems)
{
	const size_t before = problems->count;
	char secret[SCHEMA_SECRET_MAX];
	struct reason why;
	for (size_t i = 0; output->values.keys[i].name; i++) {
		const struct schema_key *key = &output->values.keys[i];
		if (key->kind == SCHEMA_SECRET &&
			!schema_secret(&output->values, key->name, secret,
				sizeof(secret), &why)) {
			problems_add(problems, NULL, "output %s: %s: %.150s",
				output->name, key->name, why.text);
		}
	}
	explicit_bzero(secret, sizeof(secret));
	return problems->count == before;
}

/* Names, files and libraries: as a start would find them on this machine. */
static void check_outputs(const struct settings *settings, struct problems *problems)
{
	struct reason why;
	for (size_t i = 0; i < settings->outputs.count; i++) {
		const struct output *output = &settings->outputs.list[i];
		if (check_secrets(output, problems) &&
			!output_would_open(output, &why)) {
			problems_add(problems, NULL, "output %s: %s", output->name,
				why.text);
		}
	}
}

static void check_interfaces(const struct settings *settings, struct problems *problems)
{
	for (size_t i = 0; i < settings->interfaces.count; i++) {
		const char *name = settings->interfaces.values[i];
		if (if_nametoindex(name) == 0) {
			problems_add(problems, NULL, "interface: %.100s: %s", name,
				strerror(errno));
		}
	}
}

/* What a sensor that is started with it alone would say. */
static void check_together(const struct settings *settings, struct problems *problems)
{
	struct privileges_user user;
	struct reason why;
	if (!settings_agree(settings, &why)) {
		problems_add(problems, NULL, "%s", why.text);
	}
	if (settings->user && !privileges_find_user(settings->user, &user, &why)) {
		problems_add(problems, NULL, "user: %s", why.text);
	}
}

/* Files that a sensor with these settings would refuse to start with. */
static void check_matrices(const struct settings *settings, struct problems *problems)
{
	struct matrix_problems errors = {0};
	const struct settings_list *files = &settings->matrices;
	if (files->count == 0) {
		return; /* options may name them */
	}
	matrix_free(matrix_load(files->values, files->count, &errors));
	for (size_t i = 0; i < errors.count; i++) {
		problems_add(problems, NULL, "matrix: %.200s", errors.list[i].text);
	}
	matrix_problems_free(&errors);
}

static void print_output(const struct output *output)
{
	const char *comma = "";
	const char *name;
	(void)printf("output %s: %s; ", output->name, output->shipper->what);
	for (size_t i = 0; (name = event_kind_name(i)) != NULL; i++) {
		if ((output->events & event_kind_of(name)) != 0) {
			(void)printf("%s%s", comma, name);
			comma = ", ";
		}
	}
	(void)printf("%s%s%s\n", output->least < SEVERITY_LOW ? "; alerts from " : "",
		output->least < SEVERITY_LOW ? severity_name(output->least) : "",
		output->least < SEVERITY_LOW ? " up" : "");
}

static void print_memory(const struct settings *settings)
{
	const uint32_t workers = settings_workers(settings);
	(void)printf("memory: its workers (%" PRIu32 ") take %" PRIu64
		     " MB at most; each has room for %" PRIu32
		     " flows and looks into %" PRIu32 " at once\n",
		workers, settings_memory(settings) >> 20, settings->flows,
		settings->flows / SETTINGS_WATCHED_SHARE);
}

int check_settings(const char *path, bool is_quiet)
{
	static struct settings settings; /* too large for the stack */
	struct problems problems;
	struct columns columns;
	settings_start(&settings);
	if (settings_read(&settings, path, &problems)) {
		check_outputs(&settings, &problems);
		check_interfaces(&settings, &problems);
		check_together(&settings, &problems);
		check_matrices(&settings, &problems);
	}
	for (size_t i = 0; i < problems.count; i++) {
		(void)fprintf(stderr, "%s\n", problems.list[i].text);
	}
	if (problems.count > 0) {
		(void)fprintf(stderr, "%zu mistake%s: the settings cannot be used\n",
			problems.count, problems.count == 1 ? "" : "s");
	} else if (!is_quiet) {
		columns_begin(&columns, &stdout);
		(void)printf("%s: right\n", path);
		print_memory(&settings);
		for (size_t i = 0; i < settings.outputs.count; i++) {
			print_output(&settings.outputs.list[i]);
		}
		columns_end(&columns, 4);
	}
	const int code = problems.count > 0 ? COMMAND_USAGE : COMMAND_OK;
	settings_free(&settings);
	return code;
}
