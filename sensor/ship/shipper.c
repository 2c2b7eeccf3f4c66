#include "ship/shipper.h"

#include <string.h>

#include "ship/ship_file.h"
#include "ship/ship_kafka.h"
#include "ship/ship_redis.h"
#include "ship/ship_relp.h"
#include "ship/ship_syslog.h"
#include "ship/ship_syslog_net.h"
#include "ship/ship_unix.h"

static const struct shipper *const SHIPPERS[] = {
	&SHIPPER_FILE,
	&SHIPPER_REDIS,
	&SHIPPER_SYSLOG,
	&SHIPPER_RELP,
	&SHIPPER_SYSLOG_NET,
	&SHIPPER_UNIX,
	&SHIPPER_KAFKA,
};

const struct shipper *shipper_at(size_t index)
{
	return index < sizeof(SHIPPERS) / sizeof(SHIPPERS[0]) ? SHIPPERS[index] : NULL;
}

const struct shipper *shipper_find(const char *name)
{
	const struct shipper *shipper;
	for (size_t i = 0; (shipper = shipper_at(i)) != NULL; i++) {
		if (strcmp(shipper->name, name) == 0) {
			return shipper;
		}
	}
	return NULL;
}
