// Package people says who may come in: users with their roles, teams and skills, passwords
// and second factors, sessions, and tokens of machines. It holds rules and the interfaces
// that it needs; people/sqlstore keeps the facts, package web asks, internal/app wires.
package people
