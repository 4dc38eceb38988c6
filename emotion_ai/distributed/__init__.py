"""More work than one process does: archives in processes or, like searches, trainings and the
evaluation of many models, on a Ray cluster. Ray is imported only when it is asked for."""
