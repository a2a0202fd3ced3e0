// The maps of flows, by the sizes of their keys and values; the supervisor pins them.
import { flowLayouts } from './layout.ts';

export const flowMaps = {
  flows: [flowLayouts.entry_key.size, flowLayouts.entry.size],
  masks: [4, flowLayouts.mask.size],
  hits: [4, 8],
  sockets: [8, flowLayouts.socket.size],
  ports: [4, flowLayouts.port.size],
  traffic: [4, flowLayouts.traffic.size],
  talks: [flowLayouts.flow.size, flowLayouts.talk.size],
  asked: [flowLayouts.flow.size, flowLayouts.asked.size],
  listened: [8, flowLayouts.beginning.size],
  confinements: [8, flowLayouts.confinement.size],
  asked_servers: [4, flowLayouts.asked_server.size],
  guests: [flowLayouts.flow.size, flowLayouts.asked.size],
} as const;
