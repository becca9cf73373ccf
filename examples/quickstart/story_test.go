package main

import (
	"context"
	"fmt"
	"log"
	"strings"
)

// The story runs to its end and tells every step.
func Example_story() {
	var out strings.Builder
	if err := tellStory(context.Background(), &out); err != nil {
		log.Fatal(err)
	}
	for _, step := range []string{"Register", "Confirm", "Sign in", "Refresh", "A wrong password", "A challenge", "Answer it", "Sign out"} {
		fmt.Println(step, strings.Contains(out.String(), step))
	}
	// Output:
	// Register true
	// Confirm true
	// Sign in true
	// Refresh true
	// A wrong password true
	// A challenge true
	// Answer it true
	// Sign out true
}
