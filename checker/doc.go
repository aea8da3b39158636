// Package checker says whether what happened is right.
package checker
