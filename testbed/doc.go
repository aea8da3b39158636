// Package testbed says where nodes run and how a fault is really done.
package testbed
