#include "commands/views.h"

#include "commands/matrices.h"
#include "commands/traffic.h"
#include "control/sandbox.h"
#include "observed/observed_file.h"
#include "report/observed_text.h"

#include <sys/random.h>

/* Add up the files; the exit code where that is not possible. */
static int read_traffic(struct views *views, const struct command *command,
	const struct option_words *files)
{
	struct reason why;
	struct traffic traffic = {.matrix = views->matrix, .observed = views->observed};
	switch (traffic_read(&traffic, files->list, files->count, &why)) {
	case TRAFFIC_OK:
		if (traffic.is_cut) {
			(void)fprintf(stderr,
				"mailwarden %s: %s; what is missing is not counted\n",
				command->name, why.text);
		}
		return OPTIONS_GO_ON;
	case TRAFFIC_BROKEN:
		(void)fprintf(stderr, "%s\n", why.text);
		return COMMAND_USAGE;
	default:
		return command_failed(command, "%s", why.text);
	}
}

int views_observe(struct views *views, const struct command *command, uint32_t pairs,
	const struct option_words *files)
{
	struct reason why;
	struct hash_seed seed;
	if (!sandbox_harden(&why)) { /* mail is in memory */
		return command_failed(command, "%s", why.text);
	}
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return command_failed(command, "no random numbers for the hash seed");
	}
	views->observed = observed_new(pairs, seed, &why);
	return views->observed ? read_traffic(views, command, files)
			       : command_failed(command, "%s", why.text);
}

int views_show_observed(const struct views *views, const struct command *command,
	const char *write, bool is_json)
{
	const struct observed *observed = views->observed;
	struct reason why;
	if (write && !observed_file_may_be_written(write, &why)) {
		(void)command_failed(command, "%s", why.text);
		return COMMAND_USAGE;
	}
	if (write && !observed_file_save(observed, write, &why)) {
		return command_failed(command, "%s", why.text);
	}
	const bool is_shown = is_json ? observed_json(stdout, observed)
				      : observed_print(stdout, observed);
	return is_shown ? COMMAND_OK : command_failed(command, "no memory to sort it");
}

int views_load(struct views *views, const struct command *command,
	const struct option_list *matrices, const struct option_words *files)
{
	*views = (struct views){.matrix = matrices_load(matrices)};
	if (!views->matrix) {
		return COMMAND_USAGE;
	}
	const int code = views_observe(views, command, OBSERVED_ENTRIES, files);
	if (code != OPTIONS_GO_ON) {
		views_free(views);
	}
	return code;
}

void views_free(struct views *views)
{
	observed_free(views->observed);
	matrix_free(views->matrix);
	*views = (struct views){.matrix = NULL};
}
