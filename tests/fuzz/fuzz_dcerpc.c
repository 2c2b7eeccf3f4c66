#include "talk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	talk_fuzz(PROTOCOL_DCERPC, data, size);
	return 0;
}
