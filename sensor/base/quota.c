#include "base/quota.h"

#include <string.h>

#define SECOND_US 1000000

void quota_begin(struct quota *quota, uint8_t holder, uint64_t now_us)
{
	quota->holder = holder;
	if (now_us / SECOND_US != quota->second) {
		quota->second = now_us / SECOND_US;
		quota->taken = 0;
		memset(quota->taken_by, 0, sizeof(quota->taken_by));
	}
}

bool quota_take(struct quota *quota)
{
	if (quota->taken >= quota->all ||
		quota->taken_by[quota->holder] >= quota->each) {
		return false;
	}
	quota->taken++;
	quota->taken_by[quota->holder]++;
	return true;
}
