"""Classes before they are records (班级): rosters, teachers, attendance and marks, drafted for the signer."""
