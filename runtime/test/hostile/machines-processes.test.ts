import { describeInMachines } from "./in-machines.ts";

describeInMachines(["Files", "Network", "Processes", "Time", "Kernel", "Its own process"]);
