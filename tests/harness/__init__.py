"""What the whole-system tests and the demo share: a private Postfix, our programs, the
Entra simulator, and a customer's browser. Standard library only."""
