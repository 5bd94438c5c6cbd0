import { describeInMachines } from "./in-machines.ts";

describeInMachines(["Memory", "Disk and open files", "The way to the runtime", "Values"]);
