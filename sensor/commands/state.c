#include "commands/state.h"

#include "commands/command.h"
#include "report/servers_file.h"

static int runtime_error(const struct reason *why)
{
	(void)fprintf(stderr, "mailwarden: --state: %s\n", why->text);
	return COMMAND_RUNTIME;
}

int state_load(struct engine *engine, const char *path)
{
	struct reason why;
	switch (servers_load(engine_ledger(engine), path, &why)) {
	case SERVERS_BROKEN:
		(void)fprintf(stderr, "%s\n", why.text);
		return COMMAND_USAGE;
	case SERVERS_UNREADABLE:
		return runtime_error(&why);
	case SERVERS_OK:
		engine_ledger_loaded(engine);
		break;
	case SERVERS_MISSING:
		break;
	}
	return COMMAND_OK;
}

int state_save(struct engine *engine, const char *path)
{
	struct reason why;
	return servers_save(engine_ledger(engine), path, &why) ? COMMAND_OK
							       : runtime_error(&why);
}
