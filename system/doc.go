// Package system is what is under test.
package system
