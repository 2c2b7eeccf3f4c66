/*
 * ship/output - what the settings file says of each output.
 *
 * Keys that every output has (type, name, events, severity) and those of its shipper,
 * checked by their tables. Sends nothing.
 */
#pragma once

#include "ship/shipper.h"

#define OUTPUTS_MAX       16
#define OUTPUT_NAME_BYTES 24 /* with its NUL */

struct output {
	const char *name;
	const struct shipper *shipper;
	unsigned events;             /* enum event_kind: what is sent */
	enum severity least;         /* of alerts */
	struct schema_values values; /* of the shipper's keys */
};

struct outputs {
	size_t count;
	struct output list[OUTPUTS_MAX];
};

/* The keys that every output has; a row without a name behind the last. */
const struct schema_key *output_common_keys(void);

/* Read the list of outputs; mistakes are told, and such outputs left out. */
void outputs_read(struct outputs *outputs, const struct yaml_node *list,
	struct arena *arena, struct problems *problems);

/* The output of that name, or NULL. */
const struct output *outputs_find(const struct outputs *outputs, const char *name);

/*
 * Before a process forks: take all passwords in variables out of its environment. The
 * texts of the outputs are borrowed for good.
 */
bool outputs_take_secrets(const struct outputs *outputs, struct reason *why);

/*
 * Whether its shipper would open now, for this user: files, libraries, what only it knows
 * of its keys. Sends nothing and leaves nothing behind; a name may be resolved.
 */
bool output_would_open(const struct output *output, struct reason *why);

/* Whether this event is to be sent to that output. */
bool output_wants(const struct output *output, const struct event *event);
