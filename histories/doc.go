// Package histories says what happened.
package histories
