// Package nemesis says what goes wrong, and when.
package nemesis
