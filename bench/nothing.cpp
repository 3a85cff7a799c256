// The floor of a process: static, and does nothing.
int main() { return 0; }
