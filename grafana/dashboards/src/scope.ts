/** Of the chosen jobs and instances. Both match series without these labels while all are chosen. */
export const scope = 'job=~"$job", instance=~"$instance"';

/** The same for recorded series and alerts, which are about all instances of a job. */
export const recordedScope = 'job=~"$job"';

/** Of the chosen functions. */
export const ofFunction = `${scope}, function=~"$function"`;
export const recordedOfFunction = `${recordedScope}, function=~"$function"`;
