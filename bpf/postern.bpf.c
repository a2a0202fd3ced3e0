/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one translation unit: compiled twice, as postern.btf.bpf.o and, with WALK_BY_PROBE, as postern.probe.bpf.o. */
#include "kernel.h"
#include "maps.h"
#include "identity.h"
#include "calls.h"
#include "packets.h"
#include "forward.h"
#include "traffic.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
