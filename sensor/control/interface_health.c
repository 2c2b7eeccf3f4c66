#include "control/interface_health.h"

#include "base/log.h"

#include <inttypes.h>

#define LOOK_US UINT64_C(1000000)
#define AWAY_US UINT64_C(60000000) /* longer than a switch takes to start anew */

/* What a worker says of one interface. */
struct interface_state {
	unsigned place; /* of the first worker that does not see it; 0: all do */
	bool is_down;   /* else not watched */
};

static struct interface_state state_of_interface(
	const struct sensor *sensor, size_t interface)
{
	for (unsigned i = SENSOR_WORKERS; i < sensor->workers_end; i++) {
		const struct status_process *process = sensor_process(sensor, i);
		/* in this order, see publish_interfaces in control/worker */
		const uint32_t down = process->interfaces_down;
		const uint32_t missing = process->interfaces_missing;
		if (((down | missing) >> interface & 1) != 0) {
			return (struct interface_state){
				.place = i, .is_down = (down >> interface & 1) != 0};
		}
	}
	return (struct interface_state){.place = 0};
}

static const char *words(bool is_down)
{
	return is_down ? "down" : "not watched";
}

static void look_at(
	struct interface_health *interfaces, struct health *health, size_t interface)
{
	struct interface_seen *seen = &interfaces->seen[interface];
	const struct interface_state state =
		state_of_interface(health->sensor, interface);
	const char *name = health->sensor->settings->interfaces.values[interface];
	if (state.place == 0) {
		if (seen->away_us != 0) {
			log_line(LOG_LEVEL_NOTICE, "supervisor",
				"interface %s is watched again", name);
		}
		*seen = (struct interface_seen){.away_us = 0};
		return;
	}
	if (seen->away_us == 0 || seen->is_down != state.is_down) {
		log_line(LOG_LEVEL_WARNING,
			sensor_process(health->sensor, state.place)->name,
			"interface %s is %s", name, words(state.is_down));
	}
	seen->away_us = seen->away_us != 0 ? seen->away_us : interfaces->look_us;
	seen->is_down = state.is_down;
	if (!seen->is_told && interfaces->look_us - seen->away_us >= AWAY_US) {
		seen->is_told = true;
		health_alert(health, FINDING_SENSOR_QUEUE_SILENT, state.place,
			"interface %s is %s, for %" PRIu64 " s now", name,
			words(state.is_down),
			(interfaces->look_us - seen->away_us) / 1000000);
	}
}

void interface_health_look(
	struct interface_health *interfaces, struct health *health, uint64_t now_us)
{
	if (now_us - interfaces->look_us < LOOK_US) {
		return;
	}
	interfaces->look_us = now_us;
	for (size_t i = 0; i < health->sensor->settings->interfaces.count; i++) {
		look_at(interfaces, health, i);
	}
}
