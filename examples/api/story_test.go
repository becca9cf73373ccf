package main

import (
	"context"
	"fmt"
	"os"
)

func Example() {
	if err := tellStory(context.Background(), os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1. Without a token           401 Bearer realm="api"
	// 2. The first call signs in   200 the notes of bob  (InitiateAuth, RespondToAuthChallenge)
	// 3. The next one has a token  200 the notes of bob
	// 4. Not in the group          403 Bearer error="insufficient_scope"
	// 5. Two hours later           200 the notes of bob  (GetTokensFromRefreshToken)
	// 6. The pool has new keys     200 the notes of bob
	// 7. And new tokens with them  200 the notes of bob  (GetTokensFromRefreshToken)
	// 8. Signed out elsewhere      200 the notes of bob  (GetTokensFromRefreshToken, InitiateAuth, RespondToAuthChallenge)
}
